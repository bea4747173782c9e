import { describe } from 'vitest'
import { mlflowEnvironment } from '../support/mlflow.ts'
import { emptyDatabase, hasPostgres } from '../support/postgres.ts'
import { compareSideBySide } from './side-by-side.ts'

const mlflow = await mlflowEnvironment()

describe.skipIf(!mlflow || !hasPostgres())('on PostgreSQL, an answer is that of mlflow server 3.17.2', () => {
  compareSideBySide('postgres', emptyDatabase)
})
