import { describe } from 'vitest'
import { mlflowEnvironment } from '../support/mlflow.ts'
import { emptyMysqlDatabase, hasServer } from '../support/mysql.ts'
import { compareSideBySide } from './side-by-side.ts'

const mlflow = await mlflowEnvironment()

describe.skipIf(!mlflow || !hasServer('MariaDB'))(
  'on MariaDB, an answer is that of mlflow server 3.17.2',
  () => {
    compareSideBySide('mysql', () => emptyMysqlDatabase('MariaDB', 'utf8mb4_nopad_bin'))
  },
)
