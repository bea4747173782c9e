/** The versions of the stock Python client that the tests run: the oldest of 2.x, the newest of 2.x, the contract's. */
import { MLFLOW_VERSION } from '../../server/version.ts'
import type { DatabaseServer } from '../support/databases.ts'

export interface PythonVersion {
  readonly version: string
  /** File of this folder with its packages. */
  readonly requirements: string
  readonly scripts: readonly string[]
  /** Beside SQLite. */
  readonly databases: readonly DatabaseServer['name'][]
  /** Parts of the scripts that this version has no calls for, or that need what is not installed with it. */
  readonly lacks: readonly string[]
}

const SCRIPTS = ['tracking.py', 'registry.py', 'artifacts.py']
const NEEDS_SCIKIT = ['autologged', 'registered']
const NEW_IN_3 = ['experiment_tags', 'logged_models']
const TRACING = ['read', 'searched', 'changed', 'assessed', 'deleted'].map((part) => `traces_${part}`)

export const CONTRACT: PythonVersion = {
  version: MLFLOW_VERSION,
  requirements: 'requirements.txt',
  scripts: ['training.py', 'webhooks.py', 'tracing.py', ...SCRIPTS],
  databases: ['PostgreSQL', 'MariaDB', 'MySQL'],
  lacks: [],
}

export const OLDER: readonly PythonVersion[] = [
  {
    version: '2.0.0',
    requirements: 'requirements-2.0.0.txt',
    scripts: SCRIPTS,
    databases: ['PostgreSQL'],
    lacks: [...NEEDS_SCIKIT, ...NEW_IN_3, ...TRACING, 'race', 'datasets', 'table', 'aliases', 'copied'],
  },
  {
    version: '2.22.5',
    requirements: 'requirements-2.22.5.txt',
    scripts: SCRIPTS,
    databases: ['PostgreSQL'],
    lacks: [...NEEDS_SCIKIT, ...NEW_IN_3, ...TRACING],
  },
]

/** The newest that Maven Central has. */
export const JAVA_VERSION = '2.17.2'
