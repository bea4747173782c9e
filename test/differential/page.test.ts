import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { REPOSITORY } from '../support/mlflow.ts'
import { DIFFERENCES } from './differences.ts'
import { differencesPage } from './page.ts'
import { LOGIN_SCENARIOS, SCENARIOS } from './requests/index.ts'

it('docs/differences.md is what the list of differences says', async () => {
  await expect(differencesPage(DIFFERENCES)).toMatchFileSnapshot(join(REPOSITORY, 'docs/differences.md'))
})

it('every difference has an id of its own and something that shows it', () => {
  const ids = DIFFERENCES.map(({ id }) => id)
  expect(ids).toEqual([...new Set(ids)])
  const tests = DIFFERENCES.flatMap(({ shownBy }) => (typeof shownBy === 'string' ? [shownBy] : []))
  expect(tests.filter((test) => !existsSync(join(REPOSITORY, test)))).toEqual([])
})

it('every step has a name of its own, which the differences refer to', () => {
  const names = [...SCENARIOS, ...LOGIN_SCENARIOS].flatMap(({ name, steps }) =>
    steps.map((step) => `${name}: ${step.name}`),
  )
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  const referred = DIFFERENCES.flatMap(({ shownBy }) =>
    typeof shownBy === 'function' ? (shownBy.steps ?? []).map(({ name }) => name) : [],
  )
  expect(referred.filter((name) => !names.includes(name))).toEqual([])
})
