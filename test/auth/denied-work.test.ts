import { expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { testContext } from '../server/support.ts'
import { lockedApp } from './support.ts'
import { makeWorld } from './world.ts'

it('what is hidden takes the same statements to deny as what is not there, however often one asks', async () => {
  const context = await testContext()
  const world = await makeWorld(buildApp(context))
  let statements = 0
  const db = context.db.withPlugin({
    transformQuery: ({ node }) => {
      statements += 1
      return node
    },
    transformResult: async ({ result }) => result,
  })
  const app = lockedApp({ ...context, db }, { user: {} })
  const costOf = async (url: string) => {
    statements = 0
    const answer = await app.inject({ url: `/api/2.0/mlflow/${url}`, headers: { 'x-test-user': 'user' } })
    expect([url, answer.statusCode]).toEqual([url, 403])
    return statements
  }
  for (const [there, missing] of [
    [`runs/get?run_id=${world.run}`, `runs/get?run_id=${'f'.repeat(32)}`],
    [`logged-models/${world.loggedModel}`, `logged-models/m-${'f'.repeat(32)}`],
    [`experiments/get?experiment_id=${world.experiment}`, 'experiments/get?experiment_id=4711'],
    [`registered-models/get?name=${world.model}`, 'registered-models/get?name=none'],
    [`traces/${world.trace}/info`, `traces/tr-${'f'.repeat(32)}/info`],
  ] as const) {
    const costs = [await costOf(there), await costOf(there), await costOf(missing), await costOf(missing)]
    expect([there, new Set(costs).size]).toEqual([there, 1])
  }
})
