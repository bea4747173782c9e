/** The databases with a server of their own, for tests that ask the same of each. */
import { emptyMysqlDatabase, hasServer, type Kind, mysqlDatabase, mysqlQuery } from './mysql.ts'
import { emptyDatabase, hasPostgres, postgresDatabase, query } from './postgres.ts'

export interface DatabaseServer {
  readonly name: 'PostgreSQL' | Kind
  /** Whether tests can have it; where not the reason is printed. */
  isThere(): boolean
  /** A migrated database for a test alone. */
  migrated(): Promise<string>
  /** One without tables. */
  empty(): Promise<string>
  /** Asks it one question with the driver alone. */
  query(uri: string, text: string): Promise<Record<string, unknown>[]>
}

const ofMysql = (name: Kind): DatabaseServer => ({
  name,
  isThere: () => hasServer(name),
  migrated: () => mysqlDatabase(name),
  empty: () => emptyMysqlDatabase(name),
  query: mysqlQuery,
})

const DATABASE_SERVERS: readonly DatabaseServer[] = [
  {
    name: 'PostgreSQL',
    isThere: hasPostgres,
    migrated: postgresDatabase,
    empty: emptyDatabase,
    query,
  },
  ofMysql('MariaDB'),
  ofMysql('MySQL'),
]

/** Those of them this machine has, or PostgreSQL alone where a run is for one version of it. */
export function databaseServers(): DatabaseServer[] {
  const isPostgresOnly = process.env.TRACKYARD_TEST_POSTGRES_VERSION !== undefined
  const wanted = DATABASE_SERVERS.filter(({ name }) => !isPostgresOnly || name === 'PostgreSQL')
  return wanted.filter((server) => server.isThere())
}
