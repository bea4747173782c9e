import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mlflowEnvironment, startMlflowServer, startTrackyard } from '../support/mlflow.ts'
import type { RunningServer } from '../support/server-process.ts'
import { compareAnswers, type Database, describeFound } from './compare.ts'
import { DIFFERENCES, OUR_SETTINGS } from './differences.ts'
import { type Answer, type Client, openClient } from './exchange.ts'
import { LOGIN_SCENARIOS, SCENARIOS } from './requests/index.ts'
import { ADMIN_PASSWORD } from './requests/signed-in.ts'
import { compareTables, describeRow, readTables, type Tables } from './tables.ts'

const mlflow = await mlflowEnvironment()
const SHOWN_HERE = DIFFERENCES.flatMap((one) =>
  typeof one.shownBy === 'function' ? [{ ...one, shownBy: one.shownBy }] : [],
)

/** One of the two servers, what it was started on, and the clients that asked it. */
interface Side {
  readonly server: RunningServer
  readonly databaseUri: string
  readonly clients: Map<string, Client>
}

/** What the admin signs in with that each server makes. */
const OF_LOGIN = {
  MLFLOW_AUTH_ADMIN_PASSWORD: ADMIN_PASSWORD,
  MLFLOW_FLASK_SERVER_SECRET_KEY: 'a key',
}

/**
 * Sends the scenarios to real `mlflow server` and to ours, each on a new database of one kind, and compares what
 * they answer and what their databases hold in the end.
 * @param newDatabase gives the URI of an empty database, which may be a file in `folder`
 * @param app what both are started with; each app has scenarios and differences of its own
 */
export function compareSideBySide(
  database: Database,
  newDatabase: (folder: string) => string | Promise<string>,
  app?: 'basic-auth',
): void {
  const scenarios = app ? LOGIN_SCENARIOS : SCENARIOS
  const expected = SHOWN_HERE.filter(({ area }) => (area === 'login') === (app !== undefined))
  const sides: Side[] = []
  const occurred = new Set<string>()
  let folder: string

  beforeAll(async () => {
    if (!mlflow) return
    folder = await mkdtemp(join(tmpdir(), 'trackyard-differential-'))
    const start = async (
      name: string,
      server: (folder: string, uri: string) => Promise<RunningServer>,
    ): Promise<Side> => {
      const own = join(folder, name)
      await mkdir(own)
      const databaseUri = await newDatabase(own)
      return { server: await server(own, databaseUri), databaseUri, clients: new Map() }
    }
    const starts = [
      start('theirs', (own, MLFLOW_BACKEND_STORE_URI) =>
        startMlflowServer(mlflow, {
          folder: own,
          ...(app && { app }),
          environment: { ...(app && OF_LOGIN), MLFLOW_BACKEND_STORE_URI },
        }),
      ),
      start('ours', (own, MLFLOW_BACKEND_STORE_URI) =>
        startTrackyard({
          folder: own,
          environment: {
            ...OUR_SETTINGS,
            ...(app && { ...OF_LOGIN, MLFLOW_APP_NAME: app }),
            MLFLOW_BACKEND_STORE_URI,
          },
        }),
      ),
    ]
    for (const one of await Promise.allSettled(starts)) if (one.status === 'fulfilled') sides.push(one.value)
    await Promise.all(starts)
  }, 160_000)

  afterAll(async () => {
    await Promise.all(sides.map(({ server }) => server.stop()))
    await rm(folder, { recursive: true, force: true })
  })

  describe.each(scenarios)('$name', (scenario) => {
    beforeAll(() => {
      for (const { server, clients } of sides) clients.set(scenario.name, openClient(server.url))
    })

    it.each(scenario.steps)('$name', async (step) => {
      const [theirs, ours] = (await Promise.all(
        sides.map(({ clients }) => clients.get(scenario.name)?.send(step)),
      )) as [Answer, Answer]
      const where = { database, scenario: scenario.name, step }
      const unlisted = compareAnswers(where, { theirs, ours }).filter((found) => {
        const listed = SHOWN_HERE.filter(({ shownBy }) => shownBy(found))
        for (const { id } of listed) occurred.add(id).add(`${id}: ${scenario.name}: ${step.name}`)
        return listed.length === 0
      })
      expect(unlisted.map(describeFound)).toEqual([])
    })
  })

  it('leaves the same rows in every table', async () => {
    const [theirs, ours] = (await Promise.all(
      sides.map(({ databaseUri, clients }) => readTables(databaseUri, clients)),
    )) as [Tables, Tables]
    const unlisted = compareTables(theirs, ours)
      .map(describeRow)
      .filter((row) => {
        const listed = DIFFERENCES.flatMap(({ leaves = [] }) => leaves).filter((left) => left.test(row))
        for (const left of listed) occurred.add(String(left))
        return listed.length === 0
      })
    expect(unlisted).toEqual([])
  })

  it.each(expected)('still differs: $id', ({ id, shownBy: { steps }, leaves = [] }) => {
    const here = steps?.filter(({ on = database }) => on === database)
    if (here?.length === 0) return
    const answers = here?.map(({ name }) => `${id}: ${name}`) ?? [id]
    expect([...occurred]).toEqual(expect.arrayContaining([...answers, ...leaves.map(String)]))
  })
}
