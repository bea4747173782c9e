import { expect, it } from 'vitest'
import { runScript } from '../clients/scripts.ts'
import { temporaryFolder } from '../server/support.ts'
import { mlflowEnvironment, startTrackyard } from '../support/mlflow.ts'
import { emptyDatabase, hasPostgres } from '../support/postgres.ts'

const mlflow = await mlflowEnvironment()

it.skipIf(!mlflow || !hasPostgres())(
  'the stock Python client tracks on this version of PostgreSQL',
  async () => {
    if (!mlflow) return
    const environment = { MLFLOW_BACKEND_STORE_URI: await emptyDatabase() }
    const server = await startTrackyard({ folder: await temporaryFolder(), environment })
    try {
      // biome-ignore lint/suspicious/noExplicitAny: what the script prints
      const seen: any = await runScript(mlflow, 'tracking.py', { url: server.url })
      expect(seen.logged).toMatchObject({ status: 'FINISHED', loss: 0.2, nan: true, children: true })
      expect(seen.searched).toMatchObject({ scores: [6, 4, 2], bad_filter: 'INVALID_PARAMETER_VALUE' })
      expect(seen.race).toMatchObject({ experiments: 1 })
      expect(seen.writers).toEqual({ m0: 60, m1: 61, m2: 62, m3: 63 })
    } finally {
      await server.stop()
    }
  },
  120_000,
)
