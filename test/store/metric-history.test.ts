import { expect, it } from 'vitest'
import type { Db } from '../../server/db/index.ts'
import { createRun } from '../../server/operations/runs.ts'
import { listHistory, sampleHistory } from '../../server/store/metric-history.ts'
import { insertMetrics } from '../../server/store/metrics.ts'
import { testContext } from '../server/support.ts'

const stepsOf = (points: readonly { step: unknown }[]) => points.map((point) => point.step)

async function runWith(db: Db, steps: readonly (number | bigint)[]): Promise<string> {
  const { row } = await createRun(db, { experimentId: 0, userId: '', startTime: 0, name: '', tags: [] })
  const points = steps.map((step, at) => ({ key: 'm', value: at, timestamp: at, step, is_nan: false }))
  await insertMetrics(db, row.run_uuid, points)
  return row.run_uuid
}

it.each([
  ['steps without a gap', Array.from({ length: 100 }, (_, at) => at + 7), [7, 32, 57, 106]],
  ['steps with gaps', Array.from({ length: 100 }, (_, at) => at * 10), [0, 250, 500, 990]],
  ['a gap that repeated steps make up for', [0, 0, 1, 3, 4, 5, 6, 7], [0, 1, 4, 7]],
  ['one step for all', Array.from({ length: 9 }, () => 0), [0, 0, 0, 0]],
  ['fewer points than asked for', [5, 9], [5, 9]],
  [
    'steps beyond 2^53',
    [2n ** 60n, 2n ** 60n + 1n, 2n ** 60n + 2n],
    [2n ** 60n, 2n ** 60n + 1n, 2n ** 60n + 2n],
  ],
  ['no points', [], []],
])('samples %s', async (_what, steps, sampled) => {
  const { db } = await testContext()
  const run = await runWith(db, steps)
  expect(stepsOf(await sampleHistory(db, run, 'm', 4))).toEqual(sampled)
})

it('samples points of one step in the order of their times', async () => {
  const { db } = await testContext()
  const run = await runWith(db, [1, 1, 1, 1, 1])
  const sampled = await sampleHistory(db, run, 'm', 3)
  expect(sampled.map((point) => point.timestamp)).toEqual([0, 2, 4])
})

it('reads the points of the runs it is asked for', async () => {
  const { db } = await testContext()
  const run = await runWith(db, [1, 2])
  await runWith(db, [1, 2, 3])
  expect(stepsOf(await listHistory(db, [run], 'm', { limit: 100 }))).toEqual([1, 2])
})
