import { CompiledQuery } from 'kysely'
import type { Db } from './index.ts'
import type { EachRow } from './sqlite-handle.ts'

/**
 * SQLite's inserts that update: one prepared statement, run for each row within one call of the driver. One statement
 * for all rows is not faster, costs more to build, and is another one for every number of rows.
 * @param conflict what follows `on conflict`
 * @returns how many rows were inserted or updated
 */
export async function upsertEach(
  db: Db,
  table: string,
  rows: readonly object[],
  conflict: string,
): Promise<number> {
  const [first] = rows
  if (first === undefined) return 0
  const columns = Object.keys(first)
  const each: EachRow = {
    ...CompiledQuery.raw(insertText(table, columns, conflict)),
    rows: rows.map((row) => columns.map((column) => row[column as keyof typeof row])),
  }
  const { numAffectedRows } = await db.executeQuery(each)
  return Number(numAffectedRows)
}

/** An insert of one row; `conflict` is what follows `on conflict`. */
export function insertText(table: string, columns: readonly string[], conflict: string): string {
  return `insert into ${quoted(table)} (${columns.map(quoted)}) values (${columns.map(() => '?')}) on conflict ${conflict}`
}

/** What an upsert does about rows that are there, as SQL. */
export function onConflict(keyColumns: readonly string[], updateColumns: readonly string[]): string {
  const changes = updateColumns.map((column) => `${quoted(column)} = excluded.${quoted(column)}`)
  return `(${keyColumns.map(quoted)}) do ${changes.length === 0 ? 'nothing' : `update set ${changes}`}`
}

function quoted(name: string): string {
  return `"${name}"`
}
