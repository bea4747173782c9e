import { sql } from 'kysely'

/** Versions of models as a table to join with: a list of pairs in a condition is one that no index serves. */
export function versionTable<A extends string>(
  versions: readonly { readonly name: string; readonly version: number }[],
  alias: A,
) {
  const rows = versions.map(
    ({ name, version }) => sql`(cast(${name} as varchar(256)), cast(${version} as integer))`,
  )
  // SQLite and PostgreSQL name these columns alike; MySQL wants ROW before each row and has names of its own.
  return sql<{
    name: string
    version: number
  }>`(select column1 as name, column2 as version from (values ${sql.join(rows)}) as pairs)`.as(alias)
}
