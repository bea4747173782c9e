/** MLflow's tracking schema at the contract's revision, and the database type Kysely checks queries against. */

import type { Row, Table } from '../table.ts'
import { table, varchar } from '../table.ts'
import * as evaluation from './evaluation.ts'
import * as gateway from './gateway.ts'
import * as loggedModels from './logged-models.ts'
import * as registry from './registry.ts'
import * as server from './server.ts'
import * as traces from './traces.ts'
import * as tracking from './tracking.ts'
import * as trackyard from './trackyard.ts'

export const alembicVersion = table(
  'alembic_version',
  { version_num: varchar(32) },
  {
    primaryKey: { name: 'alembic_version_pkc', columns: ['version_num'] },
  },
)

const BY_AREA = {
  alembicVersion,
  ...tracking,
  ...registry,
  ...loggedModels,
  ...traces,
  ...evaluation,
  ...gateway,
  ...server,
}

/** Every table of MLflow's, each after those it refers to. */
export const TABLES: readonly Table[] = Object.values(BY_AREA)

/** The tables of this server's own, which stand beside them. */
export const OWN_TABLES: readonly Table[] = Object.values(trackyard)

type Tables = (typeof BY_AREA)[keyof typeof BY_AREA] | (typeof trackyard)[keyof typeof trackyard]

export type Database = { [T in Tables as T['name']]: Row<T> }
