/**
 * What a MySQL or MariaDB database consists of, read from the server itself, so that two can be compared: MLflow's part
 * of it, without the tables of this server's own.
 */
import { mysqlQuery } from '../support/mysql.ts'

export interface MysqlSchema {
  /** Each table's columns in their order, as the server writes them. */
  readonly columns: Record<string, readonly string[]>
  /** Keys, indexes, foreign keys and checks, whose order says nothing. */
  readonly keys: Record<string, readonly string[]>
  /** What stands after the columns: engine, character set, collation. */
  readonly options: Record<string, string>
  readonly triggers: readonly unknown[]
}

export async function readMysqlSchema(uri: string): Promise<MysqlSchema> {
  const names = (await mysqlQuery(uri, 'show tables')).map((row) => String(Object.values(row)[0])).sort()
  const made = await Promise.all(
    names
      .filter((name) => !name.startsWith('trackyard_'))
      .map(async (name) => {
        const [row] = await mysqlQuery(uri, `show create table ${name}`)
        const lines = String(row?.['Create Table']).split('\n')
        return {
          name,
          parts: lines.slice(1, -1).map((line) => line.trim().replace(/,$/, '')),
          end: lines.at(-1),
        }
      }),
  )
  const of = <T>(read: (table: (typeof made)[number]) => T) =>
    Object.fromEntries(made.map((table) => [table.name, read(table)]))
  const triggers = await mysqlQuery(
    uri,
    `select trigger_name, event_object_table, action_timing, event_manipulation, action_statement
      from information_schema.triggers where trigger_schema = database()`,
  )
  return {
    columns: of(({ parts }) => parts.filter((part) => part.startsWith('`'))),
    keys: of(({ parts }) => parts.filter((part) => !part.startsWith('`')).sort()),
    // The next number depends on the rows there have been.
    options: of(({ end }) => String(end).replace(/ AUTO_INCREMENT=\d+/, '')),
    triggers,
  }
}
