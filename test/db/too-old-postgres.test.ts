import { expect, it } from 'vitest'
import { openMigrated } from '../../server/db/migrate.ts'
import { temporaryFolder } from '../server/support.ts'
import { query, startCluster, uriOf } from '../support/postgres.ts'
import { fetchPostgres, programsIn } from '../support/postgres-versions.ts'

it('a PostgreSQL older than 13 is refused in one line and left as it is', async (context) => {
  const folder = await temporaryFolder()
  await fetchPostgres('12', folder).catch((error: Error) => {
    if (process.env.CI === 'true') throw error
    context.skip('PostgreSQL 12 could not be fetched')
  })
  const { port } = await startCluster([], programsIn('12', folder))
  const uri = uriOf(port, 'postgres')
  await expect(openMigrated(uri)).rejects.toThrow(
    /^MLFLOW_BACKEND_STORE_URI names [^ ]+: PostgreSQL 12\.\d+ is too old, this server needs 13 or newer; nothing was changed$/,
  )
  expect(
    await query(uri, "select relname from pg_class where relnamespace = 'public'::regnamespace"),
  ).toEqual([])
}, 60_000)
