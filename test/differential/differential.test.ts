import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mlflowEnvironment, startMlflowServer, startTrackyard } from '../support/mlflow.ts'
import type { RunningServer } from '../support/server-process.ts'
import { compareAnswers, describeFound } from './compare.ts'
import { DIFFERENCES, OUR_SETTINGS } from './differences.ts'
import { type Answer, type Client, openClient } from './exchange.ts'
import { SCENARIOS } from './requests/index.ts'

const mlflow = await mlflowEnvironment()

describe.skipIf(!mlflow)('an answer is that of mlflow server 3.17.2', () => {
  const servers: RunningServer[] = []
  const occurred = new Set<string>()
  let folder: string

  beforeAll(async () => {
    if (!mlflow) return
    folder = await mkdtemp(join(tmpdir(), 'trackyard-differential-'))
    await Promise.all(['theirs', 'ours'].map((name) => mkdir(join(folder, name))))
    const starts = [
      startMlflowServer(mlflow, { folder: join(folder, 'theirs') }),
      startTrackyard({ folder: join(folder, 'ours'), environment: OUR_SETTINGS }),
    ]
    const started = await Promise.allSettled(starts)
    for (const one of started) if (one.status === 'fulfilled') servers.push(one.value)
    await Promise.all(starts)
  }, 160_000)

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await rm(folder, { recursive: true, force: true })
  })

  describe.each(SCENARIOS)('$name', (scenario) => {
    const clients: Client[] = []
    beforeAll(() => void clients.push(...servers.map(({ url }) => openClient(url))))

    it.each(scenario.steps)('$name', async (step) => {
      const [theirs, ours] = (await Promise.all(clients.map((client) => client.send(step)))) as [
        Answer,
        Answer,
      ]
      const unlisted = compareAnswers(scenario.name, step, theirs, ours).filter((found) => {
        const listed = DIFFERENCES.filter(({ shownBy }) => typeof shownBy === 'function' && shownBy(found))
        for (const { id } of listed) occurred.add(id).add(`${id}: ${scenario.name}: ${step.name}`)
        return listed.length === 0
      })
      expect(unlisted.map(describeFound)).toEqual([])
    })
  })

  describe('a listed difference', () => {
    it.each(DIFFERENCES.filter(({ shownBy }) => typeof shownBy === 'function'))(
      'still occurs: $id',
      ({ id, shownBy }) => {
        const steps = typeof shownBy === 'function' ? (shownBy.steps ?? []) : []
        expect([...occurred]).toEqual(expect.arrayContaining([id, ...steps.map((step) => `${id}: ${step}`)]))
      },
    )
  })
})
