/** One version of the stock Python client, run by its scripts against our server on each database. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MlflowEnvironment, startTrackyard } from '../support/mlflow.ts'
import { emptyDatabase, hasPostgres } from '../support/postgres.ts'
import type { RunningServer } from '../support/server-process.ts'
import { testFiles } from './python-files.ts'
import { testRegistry } from './python-registry.ts'
import { testTracking } from './python-tracking.ts'
import { runScript } from './scripts.ts'
import type { PythonVersion } from './versions.ts'

/** `it` for a part of the scripts that this version has the calls for; else nothing, which is no skipped test. */
export type Having = (part: string) => (title: string, test: () => void) => void

export function describePython(
  { version, scripts, lacks }: PythonVersion,
  environment: MlflowEnvironment | undefined,
): void {
  const backends = hasPostgres() ? ['SQLite', 'PostgreSQL'] : ['SQLite']
  const having: Having = (part) => (lacks.includes(part) ? () => {} : it)

  describe.skipIf(!environment).each(backends)(
    `the stock Python client of MLflow ${version} on %s`,
    (backend) => {
      let folder: string
      let server: RunningServer
      let answers: Record<string, unknown>

      beforeAll(async () => {
        if (!environment) return
        folder = await mkdtemp(join(tmpdir(), 'trackyard-python-'))
        await mkdir(join(folder, 'client'))
        const onPostgres = backend === 'PostgreSQL' && { MLFLOW_BACKEND_STORE_URI: await emptyDatabase() }
        server = await startTrackyard({ folder, environment: { ...onPostgres } })
        const { url } = server
        const printed = await Promise.all(
          scripts.map((script) => runScript(environment, script, { url, args: [join(folder, 'client')] })),
        )
        answers = Object.assign({}, ...printed)
      }, 180_000)

      afterAll(async () => {
        await server?.stop()
        await rm(folder, { recursive: true, force: true })
      })

      it('has no calls for what it is said to lack', () => {
        expect(lacks.filter((part) => part in answers)).toEqual([])
      })

      testFiles(having, () => answers)
      testTracking(having, () => answers)
      testRegistry(having, () => answers)
    },
  )
}
