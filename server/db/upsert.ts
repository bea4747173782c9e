import { type ExpressionBuilder, type Insertable, sql } from 'kysely'
import { dialectOf } from './dialect.ts'
import type { Db } from './index.ts'
import type { Database } from './schema/index.ts'
import { onConflict, upsertEach } from './sqlite-upsert.ts'

/** The databases take twice as many variables in a statement. */
const MOST_VARIABLES = 32_000

/**
 * Inserts rows, or updates `updateColumns` of those whose `keyColumns` (a primary or unique key) are there
 * already; with nothing to update, those stay as they are. All rows must set the same columns, and no key twice.
 * @returns how many rows were inserted or updated
 */
export async function upsert<T extends keyof Database>(
  db: Db,
  table: T,
  rows: readonly Insertable<Database[T]>[],
  keyColumns: readonly (keyof Database[T] & string)[],
  updateColumns: readonly (keyof Database[T] & string)[],
): Promise<number> {
  if (dialectOf(db) === 'sqlite') return upsertEach(db, table, rows, onConflict(keyColumns, updateColumns))
  let written = 0
  for (const chunk of chunksOf(inLockOrder(rows, keyColumns))) {
    written += await upsertChunk(db, table, chunk, keyColumns, updateColumns)
  }
  return written
}

/** One order for all writers: two that lock the same rows in opposite orders would wait for each other. */
function inLockOrder<R extends object>(rows: readonly R[], keyColumns: readonly string[]): readonly R[] {
  if (rows.length < 2) return rows
  return rows.toSorted((a, b) => {
    for (const column of keyColumns as (keyof R)[]) {
      if (a[column] !== b[column]) return a[column] < b[column] ? -1 : 1
    }
    return 0
  })
}

// Kysely cannot follow a table that is a type parameter, so the statement is built on one concrete table's types;
// the signature above has checked the names. MySQL's ON DUPLICATE KEY UPDATE is told no key.
async function upsertChunk(
  db: Db,
  table: keyof Database,
  rows: readonly object[],
  keyColumns: readonly string[],
  updateColumns: readonly string[],
): Promise<number> {
  type Columns = keyof Database['tags']
  const insert = db.insertInto(table as 'tags').values(rows as Insertable<Database['tags']>[])
  if (dialectOf(db) === 'mysql') {
    const kept = keyColumns.slice(0, 1).map((column) => [column, sql.ref(column)])
    const changed = updateColumns.map((column) => [column, sql`values(${sql.ref(column)})`])
    const { numInsertedOrUpdatedRows } = await insert
      .onDuplicateKeyUpdate(Object.fromEntries(changed.length > 0 ? changed : kept))
      .executeTakeFirstOrThrow()
    // MySQL counts a row twice that it has changed.
    return changed.length > 0 ? rows.length : Number(numInsertedOrUpdatedRows ?? 0)
  }
  const changes = (eb: ExpressionBuilder<Record<'excluded', Database['tags']>, 'excluded'>) =>
    Object.fromEntries(updateColumns.map((column) => [column, eb.ref(`excluded.${column as Columns}`)]))
  const { numInsertedOrUpdatedRows } = await insert
    .onConflict((conflict) => {
      const onKey = conflict.columns(keyColumns as Columns[])
      return updateColumns.length === 0
        ? onKey.doNothing()
        : onKey.doUpdateSet((eb) => changes(eb as unknown as Parameters<typeof changes>[0]))
    })
    .executeTakeFirstOrThrow()
  return Number(numInsertedOrUpdatedRows ?? 0)
}

function chunksOf<R extends object>(rows: readonly R[]): R[][] {
  const columns = Math.max(1, Object.keys(rows[0] ?? {}).length)
  const size = Math.floor(MOST_VARIABLES / columns)
  const chunks: R[][] = []
  for (let start = 0; start < rows.length; start += size) chunks.push(rows.slice(start, start + size))
  return chunks
}
