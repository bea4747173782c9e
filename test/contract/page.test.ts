import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { testApp } from '../server/support.ts'
import { REPOSITORY } from '../support/mlflow.ts'
import { listEndpoints, listOwnEndpoints, PAGES } from './endpoints.ts'
import { rpcsPage } from './page.ts'

it('docs/rpcs.md is what the tables of the server say', async () => {
  await expect(rpcsPage(listEndpoints(), listOwnEndpoints())).toMatchFileSnapshot(
    join(REPOSITORY, 'docs/rpcs.md'),
  )
})

it('every endpoint that is core is served, or refused on purpose', () => {
  const missing = listEndpoints().filter(
    ({ need, permission, isPending, refusal }) =>
      need === 'core' && refusal === undefined && (permission === undefined || isPending),
  )
  expect(missing).toEqual([])
})

it('every other endpoint is in docs/review.md or docs/operations.md', async () => {
  const [review, operations] = await Promise.all(
    ['review', 'operations'].map((name) => readFile(join(REPOSITORY, `docs/${name}.md`), 'utf8')),
  )
  const missing = listOwnEndpoints().filter(({ method, path }) => {
    const shortPath = path.replace(/^.*\/mlflow\//, '')
    const fullPath = path.replace('[ajax-]', '')
    return (
      !review?.includes(`| ${method} \`${shortPath}\` |`) &&
      !operations?.includes(`\`${method} ${fullPath}\``)
    )
  })
  expect(listOwnEndpoints()).toHaveLength(14)
  expect(missing).toEqual([])
})

it('nothing is refused on purpose and served', () => {
  const refused = listEndpoints().filter(({ refusal }) => refusal !== undefined)
  expect(refused.map(({ permission }) => permission)).toEqual([undefined])
})

it.each(Object.keys(PAGES))('%s, which is in no table, is mounted', async (page) => {
  const [method, path = ''] = page.split(' ')
  const app = await testApp({ uiDir: import.meta.dirname })
  await app.ready()
  expect(app.hasRoute({ method: method as 'GET', url: path.replace('{}', '*') })).toBe(true)
})
