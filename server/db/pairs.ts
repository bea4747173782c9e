import { sql } from 'kysely'
import type { Dialect } from './dialect.ts'

/** Versions of models as a table to join with: a list of pairs in a condition is one that no index serves. */
export function versionTable<A extends string>(
  dialect: Dialect,
  versions: readonly { readonly name: string; readonly version: number }[],
  alias: A,
) {
  type Pairs = { name: string; version: number }
  switch (dialect) {
    case 'sqlite':
    case 'postgres': {
      const rows = versions.map(
        ({ name, version }) => sql`(cast(${name} as varchar(256)), cast(${version} as integer))`,
      )
      return sql<Pairs>`(select column1 as name, column2 as version from (values ${sql.join(rows)}) as pairs)`.as(
        alias,
      )
    }
    case 'mysql': {
      // MySQL wants ROW before each row of VALUES, and MariaDB does not.
      const rows = versions.map(
        ({ name, version }) => sql`select cast(${name} as char(256)) as name, ${version} as version`,
      )
      return sql<Pairs>`(${sql.join(rows, sql` union all `)})`.as(alias)
    }
  }
}
