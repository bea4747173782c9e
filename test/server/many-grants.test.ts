import { describe, expect, it } from 'vitest'
import { accessOf } from '../../server/access/access.ts'
import type { Level } from '../../server/access/grants.ts'
import { call } from './support.ts'
import { appFor } from './two-worlds.ts'

const ODD_NAME = `it's "odd" \\ {,} NULL é🧪`
/** Ids that no experiment has and that not every database can compare with one. */
const ODD_IDS = ['99999999999', '2147483648', '-1', '1.5', '007', 'x', '']

function grantsOn(level: Level, ids: readonly string[], names: readonly string[]) {
  const many = Array.from({ length: 1_000 }, (_, index) => `${index + 10}`)
  const of = (resourceType: string, patterns: readonly string[]) =>
    [...patterns, ...many].map((pattern) => ({ resourceType, pattern, level }))
  return [...of('experiment', [...ids, ...ODD_IDS]), ...of('registered_model', names)]
}

const CALLERS = {
  granted: accessOf({ isAdmin: false, grants: grantsOn('READ', ['1'], [ODD_NAME]) }, 'NO_PERMISSIONS'),
  denied: accessOf({ isAdmin: false, grants: grantsOn('DENY', ['1'], [ODD_NAME]) }, 'READ'),
}

describe('among a thousand grants', () => {
  it.each([
    ['granted', ['one'], [ODD_NAME]],
    ['denied', ['Default', 'two'], ['plain']],
  ] as const)('a search finds what it may: %s', async (caller, experiments, models) => {
    const app = await appFor(CALLERS)
    for (const name of ['one', 'two']) await call(app, 'POST', 'experiments/create', { name })
    for (const name of [ODD_NAME, 'plain']) {
      await call(app, 'POST', 'registered-models/create', { name })
      await call(app, 'POST', 'model-versions/create', { name, source: 's3://b/x' })
    }
    const read = async (path: string, query: Record<string, string>) => {
      const url = `/api/2.0/mlflow/${path}`
      const answer = await app.inject({ method: 'GET', url, query, headers: { 'x-caller': caller } })
      return answer.json()
    }
    const names = (rows: { name: string }[] = []) => rows.map(({ name }) => name)
    const found = await read('experiments/search', { max_results: '10', order_by: 'name ASC' })
    expect(names(found.experiments)).toEqual(experiments)
    expect(names((await read('registered-models/search', {})).registered_models)).toEqual(models)
    expect(names((await read('model-versions/search', {})).model_versions)).toEqual(models)
  })
})
