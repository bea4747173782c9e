import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pythonEnvironment } from '../support/python.ts'
import { describePython } from './python-suite.ts'
import { OLDER } from './versions.ts'

for (const version of OLDER) describePython(version, await pythonEnvironment(version.requirements))

it.each(OLDER)('the client under test is $version', async ({ version, requirements }) => {
  const text = await readFile(join(import.meta.dirname, requirements), 'utf8')
  expect(text).toContain(`mlflow-skinny==${version}\n`)
})
