/** One version of the stock Python client, run by its scripts against our server on each database. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DatabaseServer, databaseServers } from '../support/databases.ts'
import { type MlflowEnvironment, startTrackyard } from '../support/mlflow.ts'
import { type RecordingProxy, startProxy } from '../support/proxy.ts'
import type { RunningServer } from '../support/server-process.ts'
import { CALLED_BY_OTHERS, endpointsToCall, nameOf, wasCalled } from './coverage.ts'
import { testFiles } from './python-files.ts'
import { testRegistry } from './python-registry.ts'
import { testTracing } from './python-tracing.ts'
import { testTracking } from './python-tracking.ts'
import { runScript } from './scripts.ts'
import type { PythonVersion } from './versions.ts'

/** The target of webhooks.py is a closed port of this machine. */
const WEBHOOKS_TO_ANYWHERE = {
  MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true',
  MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY: `${'kT9-'.repeat(10)}_a0=`,
}

const SQLITE: { name: string; empty?: DatabaseServer['empty'] } = { name: 'SQLite' }

/** `it` for a part of the scripts that this version has the calls for; else nothing, which is no skipped test. */
export type Having = (part: string) => (title: string, test: () => void) => void

export function describePython(
  { version, scripts, lacks, databases }: PythonVersion,
  environment: MlflowEnvironment | undefined,
): void {
  const servers = databaseServers().filter(({ name }) => databases.includes(name))
  const having: Having = (part) => (lacks.includes(part) ? () => {} : it)

  describe.skipIf(!environment).each([SQLITE, ...servers])(
    `the stock Python client of MLflow ${version} on $name`,
    ({ empty }) => {
      let folder: string
      let server: RunningServer
      let proxy: RecordingProxy
      let answers: Record<string, unknown>

      beforeAll(async () => {
        if (!environment) return
        folder = await mkdtemp(join(tmpdir(), 'trackyard-python-'))
        await mkdir(join(folder, 'client'))
        const onServer = empty && { MLFLOW_BACKEND_STORE_URI: await empty() }
        server = await startTrackyard({ folder, environment: { ...WEBHOOKS_TO_ANYWHERE, ...onServer } })
        proxy = await startProxy(server.url)
        const { url } = proxy
        const printed = await Promise.all(
          scripts.map((script) => runScript(environment, script, { url, args: argumentsOf(script, folder) })),
        )
        answers = Object.assign({}, ...printed)
      }, 240_000)

      afterAll(async () => {
        await proxy?.close()
        await server?.stop()
        await rm(folder, { recursive: true, force: true })
      })

      // An older version has fewer calls.
      if (lacks.length === 0) {
        it('calls every endpoint but those that others call', () => {
          const missed = endpointsToCall().filter((one) => !wasCalled(one, proxy.requests))
          expect(missed.map(nameOf)).toEqual(Object.keys(CALLED_BY_OTHERS))
        })
      }

      it('has no calls for what it is said to lack', () => {
        expect(lacks.filter((part) => part in answers)).toEqual([])
      })

      testFiles(having, () => answers)
      testTracking(having, () => answers)
      testRegistry(having, () => answers)
      testTracing(having, () => answers)
    },
  )
}

function argumentsOf(script: string, folder: string): string[] {
  return script === 'webhooks.py' ? ['https://127.0.0.1:1/', 'secret', 'hooked'] : [join(folder, 'client')]
}
