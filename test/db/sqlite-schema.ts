/** What MLflow's part of a SQLite database consists of, read from SQLite itself, so that two can be compared. */
import { DatabaseSync } from 'node:sqlite'

export interface SchemaOf {
  readonly tables: Record<string, TableFacts>
  readonly triggers: Record<string, string>
  readonly views: readonly string[]
}

interface TableFacts {
  readonly columns: Record<string, unknown>
  readonly indexes: Record<string, unknown>
  readonly foreignKeys: readonly unknown[]
  /** Constraints by their text: SQLite lists neither their names nor CHECKs. */
  readonly constraints: readonly string[]
}

type Row = Record<string, string | number | null>

export function readSchema(path: string): SchemaOf {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const ask = (sql: string, ...parameters: string[]) => db.prepare(sql).all(...parameters) as Row[]
    const named = (type: string) =>
      ask(
        "SELECT name, sql FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'trackyard_%' ORDER BY name",
        type,
      )
    const tables = named('table').map(({ name, sql }) => [name, tableFacts(ask, String(name), String(sql))])
    return {
      tables: Object.fromEntries(tables),
      triggers: Object.fromEntries(named('trigger').map(({ name, sql }) => [name, oneLine(String(sql))])),
      views: named('view').map(({ name }) => String(name)),
    }
  } finally {
    db.close()
  }
}

/** The names of this server's own tables. */
export function ownTables(path: string): string[] {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const sql =
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'trackyard_%' ORDER BY name"
    return db
      .prepare(sql)
      .all()
      .map(({ name }) => String(name))
  } finally {
    db.close()
  }
}

/** Every row of a table, in the order of its columns. */
export function readRows(path: string, table: string): Row[] {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    return db.prepare(`SELECT * FROM "${table}" ORDER BY 1`).all() as Row[]
  } finally {
    db.close()
  }
}

function tableFacts(
  ask: (sql: string, ...parameters: string[]) => Row[],
  table: string,
  sql: string,
): TableFacts {
  const columns = ask(
    'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)',
    table,
  )
  const indexes = ask('SELECT name, "unique", origin, partial FROM pragma_index_list(?)', table)
  const keys = ask('SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq', table)
  return {
    columns: Object.fromEntries(
      columns.map(({ name, dflt_value, ...facts }) => [name, { ...facts, fallback: unwrapped(dflt_value) }]),
    ),
    indexes: Object.fromEntries(
      indexes
        .filter(({ origin }) => origin === 'c')
        .map(({ name, ...facts }) => [name, { ...facts, columns: indexColumns(ask, String(name)) }]),
    ),
    // The number SQLite gives a key depends on its place in the text only.
    foreignKeys: sorted(keys.map(({ id, ...facts }) => facts)),
    constraints: constraintsIn(sql),
  }
}

function indexColumns(ask: (sql: string, ...parameters: string[]) => Row[], index: string): Row[] {
  return ask('SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno', index)
}

/** The parts of a CREATE TABLE that are not columns, and the expressions of generated columns. */
function constraintsIn(sql: string): string[] {
  const body = oneLine(sql.slice(sql.indexOf('(') + 1, sql.lastIndexOf(')')))
  const parts = splitAtCommas(body).map((part) => part.trim())
  const constraints = parts.filter((part) => /^(constraint|primary|unique|foreign|check)\b/i.test(part))
  const generated = parts.filter((part) => /generated always/i.test(part))
  return [...constraints, ...generated].map(plain).sort()
}

function splitAtCommas(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let start = 0
  for (const [at, character] of [...text].entries()) {
    if (character === "'") quoted = !quoted
    if (quoted) continue
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === ',' && depth === 0) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  return [...parts, text.slice(start)]
}

/** One spelling for what SQLite reads as the same: case of words, quotes around names, spaces. */
function plain(text: string): string {
  return oneLine(text.replaceAll('"', ''))
    .replace(/\s*([(),=])\s*/g, '$1')
    .replace(/[^']+(?='|$)/g, (outside, at: number, whole: string) =>
      whole.slice(0, at).split("'").length % 2 === 1 ? outside.toUpperCase() : outside,
    )
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** SQLite keeps a default's parentheses. */
function unwrapped(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/^\((.*)\)$/, '$1') : value
}

function sorted<T>(rows: T[]): T[] {
  return rows
    .map((row) => ({ row, key: JSON.stringify(row) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ row }) => row)
}
