/** The databases of the two servers: of one kind, in one place, with the same rows. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCluster, query, uriOf } from '../test/support/postgres.ts'
import type { Backend } from './workloads.ts'

/** What a database has been asked to do. */
export interface Counters {
  readonly statements: number
  /** Rows written; those of the last second may be missing. */
  readonly rows: number
  readonly deadlocks: number
}

export interface Databases {
  readonly ours: string
  readonly theirs: string
  /** Copies ours to theirs; nobody may be using either. */
  copy(): Promise<void>
  /** Undefined where the database does not count. */
  counters(uri: string): Promise<Counters | undefined>
  close(): Promise<void>
}

export function openDatabases(backend: Backend, folder: string): Promise<Databases> {
  switch (backend) {
    case 'sqlite':
      return Promise.resolve(sqliteFiles(folder))
    case 'postgres':
      return postgresCluster()
  }
}

function sqliteFiles(folder: string): Databases {
  const files = ['ours', 'mlflow'].map((name) => join(folder, `${name}.db`)) as [string, string]
  return {
    ours: `sqlite:///${files[0]}`,
    theirs: `sqlite:///${files[1]}`,
    copy: async () => copyFileSync(...files),
    counters: async () => undefined,
    close: async () => undefined,
  }
}

/** As it comes, so with every commit on disk; one that counts statements. */
async function postgresCluster(): Promise<Databases> {
  const cluster = await openCluster([
    ...['fsync=on', 'synchronous_commit=on', 'full_page_writes=on'],
    'shared_preload_libraries=pg_stat_statements',
  ])
  const admin = uriOf(cluster.port, 'postgres')
  await query(admin, 'create extension pg_stat_statements')
  await query(admin, 'create database ours')
  // While it is filled.
  await query(admin, 'alter database ours set synchronous_commit = off')
  const uriFor = (name: string) => uriOf(cluster.port, name).replace('postgresql:', 'postgresql+psycopg:')
  return {
    ours: uriFor('ours'),
    theirs: uriFor('theirs'),
    copy: async () => {
      await query(admin, 'alter database ours reset synchronous_commit')
      await query(admin, 'create database theirs template ours')
      for (const name of ['ours', 'theirs']) await query(uriOf(cluster.port, name), 'vacuum analyze')
    },
    counters: async (uri) => {
      const [found] = await query(
        admin,
        `select sum(calls)::int as statements, max(tup_inserted + tup_updated + tup_deleted)::int as rows,
          max(deadlocks)::int as deadlocks
         from pg_stat_statements join pg_stat_database on dbid = datid where datname = $1`,
        [uri.split('/').at(-1)],
      )
      return found as unknown as Counters
    },
    close: () => cluster.remove(),
  }
}
