import { CompiledQuery, type RootOperationNode } from 'kysely'
import { describe, expect, it } from 'vitest'
import { UNLIMITED } from '../../server/access/access.ts'
import type { Db } from '../../server/db/index.ts'
import { searchRuns } from '../../server/search/runs.ts'
import { listHistory } from '../../server/store/metric-history.ts'
import { testContext } from '../server/support.ts'

const SEARCH = {
  experimentIds: [0],
  viewType: 'ACTIVE_ONLY',
  maxResults: 10,
  filter:
    "metrics.m > 0 AND params.p = '1' AND tags.t LIKE 'a%' AND tags.u IS NULL AND run_name = 'x' AND dataset.name = 'd'",
  orderBy: ['metrics.n DESC', 'params.q', 'tags.v'],
} as const

describe('the plan of a search of runs', () => {
  it('looks up what runs logged by primary key, and scans nothing but runs', async () => {
    const { db } = await testContext()
    const plan = await planOf(db, (spied) => searchRuns(spied, SEARCH, UNLIMITED))
    expect(plan.filter((step) => step.startsWith('SCAN'))).toEqual(['SCAN runs'])
    const searches = plan.filter((step) => step.startsWith('SEARCH'))
    const byKey = searches.filter((step) => step.includes('(key=? AND run_uuid=?)'))
    expect(byKey).toHaveLength(8)
    expect(searches.filter((step) => !byKey.includes(step)).every((step) => step.includes('INDEX'))).toBe(
      true,
    )
  })
})

it('a history is read by the index on run and key, not from the points of every run with such a metric', async () => {
  const { db } = await testContext()
  const [step] = await planOf(db, (spied) => listHistory(spied, ['x'], 'm', { limit: 100 }))
  expect(step).toContain('index_metrics_run_uuid_key_step (run_uuid=? AND key=?)')
})

/** SQLite's plan of the first query that `run` sends. */
async function planOf(db: Db, run: (spied: Db) => Promise<unknown>): Promise<string[]> {
  const queries: RootOperationNode[] = []
  const spied = db.withPlugin({
    transformQuery: ({ node }) => {
      queries.push(node)
      return node
    },
    transformResult: async ({ result }) => result,
  })
  await run(spied)
  const { sql, parameters } = db
    .getExecutor()
    .compileQuery(queries[0] as RootOperationNode, { queryId: 'plan' })
  const explain = CompiledQuery.raw(`explain query plan ${sql}`, [...parameters])
  const { rows } = await db.executeQuery<{ detail: string }>(explain)
  return rows.map((row) => row.detail)
}
