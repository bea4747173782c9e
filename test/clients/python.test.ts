import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { mlflowEnvironment } from '../support/mlflow.ts'
import { describePython } from './python-suite.ts'
import { CONTRACT } from './versions.ts'

describePython(CONTRACT, await mlflowEnvironment())

it('the client under test is the release whose protocol the server keeps', async () => {
  const requirements = await readFile(join(import.meta.dirname, CONTRACT.requirements), 'utf8')
  expect(requirements).toContain(`mlflow==${CONTRACT.version}\n`)
})
