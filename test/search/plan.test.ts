import { CompiledQuery, type RootOperationNode } from 'kysely'
import { describe, expect, it } from 'vitest'
import { type Access, accessOf, UNLIMITED } from '../../server/access/access.ts'
import type { Db } from '../../server/db/index.ts'
import { searchExperiments } from '../../server/search/experiments.ts'
import { searchModelVersions } from '../../server/search/model-versions.ts'
import { searchRegisteredModels } from '../../server/search/registered-models.ts'
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

describe('the plan of a search by who may read one thing in a thousand', () => {
  const ids = Array.from({ length: 1_000 }, (_, id) => String(id))
  const access = accessOf(
    {
      isAdmin: false,
      grants: ['experiment', 'registered_model', 'prompt'].flatMap((resourceType) =>
        ids.map((pattern) => ({ resourceType, pattern, level: 'READ' as const })),
      ),
    },
    'NO_PERMISSIONS',
  )
  const search = { filter: '', orderBy: [], maxResults: 10 }
  const searches = {
    experiments: (db: Db, who: Access) => searchExperiments(db, { ...search, viewType: 'ALL' }, who),
    registered_models: (db: Db, who: Access) => searchRegisteredModels(db, search, who),
    model_versions: (db: Db, who: Access) => searchModelVersions(db, search, who),
    runs: (db: Db, who: Access) =>
      searchRuns(db, { ...search, viewType: 'ALL', experimentIds: ids.map(Number) }, who),
  }

  // MLflow's schema has no index of runs by their experiment.
  const { runs: _, ...indexed } = searches
  it.each(Object.entries(indexed))('of %s looks them up by an index', async (table, run) => {
    const { db } = await testContext()
    const plan = await planOf(db, (spied) => run(spied, access))
    expect(plan.filter((step) => step.startsWith('SCAN') && !step.includes('json_each'))).toEqual([])
    expect(plan.filter((step) => step.startsWith(`SEARCH ${table} `))).toHaveLength(1)
  })

  it.each(Object.entries(searches))(
    'of %s is for who may do all what it is without a login',
    async (_table, run) => {
      const { db } = await testContext()
      const unlimited = await sqlOf(db, (spied) => run(spied, UNLIMITED))
      const admin = accessOf({ isAdmin: true, grants: [] }, 'NO_PERMISSIONS')
      expect(await sqlOf(db, (spied) => run(spied, admin))).toEqual(unlimited)
    },
  )
})

/** SQLite's plan of the first query that `run` sends. */
async function planOf(db: Db, run: (spied: Db) => Promise<unknown>): Promise<string[]> {
  const { sql, parameters } = await sqlOf(db, run)
  const explain = CompiledQuery.raw(`explain query plan ${sql}`, [...parameters])
  const { rows } = await db.executeQuery<{ detail: string }>(explain)
  return rows.map((row) => row.detail)
}

/** The first query that `run` sends. */
async function sqlOf(db: Db, run: (spied: Db) => Promise<unknown>) {
  const queries: RootOperationNode[] = []
  const spied = db.withPlugin({
    transformQuery: ({ node }) => {
      queries.push(node)
      return node
    },
    transformResult: async ({ result }) => result,
  })
  await run(spied)
  const first = queries[0] as RootOperationNode
  const { sql, parameters } = db.getExecutor().compileQuery(first, { queryId: 'plan' })
  return { sql, parameters }
}
