/** What a database holds after the requests, in a form that two servers' share. */
import { type Db, openDatabase } from '../../server/db/index.ts'
import { TABLES } from '../../server/db/schema/index.ts'
import { type Client, sharedForm } from './exchange.ts'

/** Rows as JSON, by table. */
export type Tables = ReadonlyMap<string, readonly string[]>

/** A row of one of MLflow's tables that only one of the two databases has. */
interface RowFound {
  readonly table: string
  readonly in: 'theirs' | 'ours'
  readonly row: Readonly<Record<string, unknown>>
}

/** The rows of both databases that the other has no equal of. */
export function compareTables(theirs: Tables, ours: Tables): RowFound[] {
  return TABLES.flatMap(({ name: table }) => {
    const [a, b] = [theirs.get(table) ?? [], ours.get(table) ?? []]
    return [
      ...without(a, b).map((row) => ({ table, in: 'theirs' as const, row: JSON.parse(row) })),
      ...without(b, a).map((row) => ({ table, in: 'ours' as const, row: JSON.parse(row) })),
    ]
  })
}

export function describeRow({ table, in: whose, row }: RowFound): string {
  return `${table}, only in ${whose}: ${JSON.stringify(row)}`
}

/** @param clients those that have filled the database, by their scenario: what they have saved has a name */
export async function readTables(uri: string, clients: ReadonlyMap<string, Client>): Promise<Tables> {
  const saved = [...clients].flatMap(([scenario, client]) =>
    [...client.saved].map(([name, value]): [string, string] => [`${scenario}.${name}`, value]),
  )
  const shared = sharedForm(new Map(saved))
  const db = openDatabase(uri)
  try {
    const experiments = await experimentNames(db)
    const tables = new Map<string, string[]>()
    for (const { name } of TABLES) {
      const rows = await db
        .selectFrom(name as 'runs')
        .selectAll()
        .execute()
      tables.set(
        name,
        rows.map((row) => JSON.stringify(shared(withNames(row, experiments)))),
      )
    }
    return tables
  } finally {
    await db.destroy()
  }
}

async function experimentNames(db: Db): Promise<ReadonlyMap<number, string>> {
  const rows = await db.selectFrom('experiments').select(['experiment_id', 'name']).execute()
  return new Map(rows.map(({ experiment_id, name }) => [experiment_id, name]))
}

/** An experiment has an id of its own on each server: refusing one that MLflow makes moves those after it. */
function withNames(row: object, experiments: ReadonlyMap<number, string>): Record<string, unknown> {
  const named = (id: number) => experiments.get(id) ?? id
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      if (column === 'experiment_id') return ['experiment', named(value)]
      if (typeof value !== 'string') return [column, jsonValue(value)]
      const located = value.replace(/^mlflow-artifacts:\/(\d+)/, (_, id) => `mlflow-artifacts:/${named(+id)}`)
      return [
        column,
        located.length > 300 ? `${located.slice(0, 20)}… ${located.length} characters` : located,
      ]
    }),
  )
}

/** As JSON can have it, with all its digits, whatever the driver gives. */
function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : `int64 ${value}`
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

function without(rows: readonly string[], others: readonly string[]): string[] {
  const left = Map.groupBy(others, (row) => row)
  return rows.filter((row) => left.get(row)?.pop() === undefined)
}
