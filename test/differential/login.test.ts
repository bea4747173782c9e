import { join } from 'node:path'
import { describe } from 'vitest'
import { mlflowEnvironment } from '../support/mlflow.ts'
import { compareSideBySide } from './side-by-side.ts'

describe.skipIf(!(await mlflowEnvironment()))(
  'with a login, an answer is that of mlflow server 3.17.2',
  () => {
    compareSideBySide('sqlite', (folder) => `sqlite:///${join(folder, 'mlflow.db')}`, 'basic-auth')
  },
)
