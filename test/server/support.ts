import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { type Config, parseConfig } from '../../server/config.ts'
import { type Context, closeContext, openContext } from '../../server/context.ts'
import { mysqlDatabase } from '../support/mysql.ts'
import { postgresDatabase } from '../support/postgres.ts'

/** A folder that is gone when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A server's context on a database and an artifact folder of its own. */
export async function testContext(settings: Partial<Config> = {}): Promise<Context> {
  const folder = await temporaryFolder()
  const config: Config = {
    ...parseConfig({}),
    backendStoreUri: await testDatabase(folder),
    artifactsDestination: `${folder}/artifacts`,
    ...settings,
  }
  const context = await openContext(config, pino({ level: 'silent' }))
  onTestFinished(() => closeContext(context))
  return context
}

/** A database of the kind this run of the tests is for: vitest.config.ts has one a backend. */
export async function testDatabase(folder: string): Promise<string> {
  switch (process.env.TRACKYARD_TEST_BACKEND) {
    case 'postgres':
      return postgresDatabase()
    case 'MariaDB':
    case 'MySQL':
      return mysqlDatabase(process.env.TRACKYARD_TEST_BACKEND)
    default:
      return `sqlite:///${folder}/mlflow.db`
  }
}

/** A server on a database of its own, to be sent requests with `inject`. */
export async function testApp(settings: Partial<Config> = {}): Promise<FastifyInstance> {
  const app = buildApp(await testContext(settings))
  onTestFinished(() => app.close())
  return app
}

/** Sends JSON to an RPC under `/api/2.0/mlflow` and gives the status and the parsed answer. */
export async function call(
  app: FastifyInstance,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  json: object = {},
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
): Promise<{ status: number; body: any }> {
  const url = path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`
  const response = await app.inject(
    method === 'GET'
      ? { method, url, query: json as Record<string, string | string[]> }
      : { method, url, headers: { 'content-type': 'application/json' }, payload: JSON.stringify(json) },
  )
  return { status: response.statusCode, body: response.json() }
}
