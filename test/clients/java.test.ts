import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { javaClient } from '../support/java.ts'
import { mlflowEnvironment, startTrackyard } from '../support/mlflow.ts'
import { emptyDatabase, hasPostgres } from '../support/postgres.ts'
import { run } from '../support/programs.ts'
import { JAVA_VERSION } from './versions.ts'

const classPath = await javaClient()
const mlflow = await mlflowEnvironment()
const BACKENDS = hasPostgres() ? ['SQLite', 'PostgreSQL'] : ['SQLite']
const FOLDER = join(import.meta.dirname, 'java')

describe.skipIf(!classPath || !mlflow)('the stock Java client', { timeout: 300_000 }, () => {
  it.each(BACKENDS)('finds what it wrote on %s, by every call it has', async (backend) => {
    const folder = await temporaryFolder()
    const onPostgres = backend === 'PostgreSQL'
    const server = await startTrackyard({
      folder,
      environment: onPostgres ? { MLFLOW_BACKEND_STORE_URI: await emptyDatabase() } : {},
    })
    onTestFinished(() => server.stop())
    // Artifacts are the same on every database, and Python for each takes its time.
    const found = await runProgram(server.url, onPostgres ? [] : [folder])
    expect(found).toEqual(onPostgres ? FOUND : { ...FOUND, files: FILES })
  })
})

/** What StockClient.java prints. For artifacts the client runs Python. */
async function runProgram(url: string, args: readonly string[]): Promise<unknown> {
  const program = join(FOLDER, 'StockClient.java')
  const printed = await run('java', ['-Dfile.encoding=UTF-8', '-cp', classPath ?? '', program, ...args], {
    MLFLOW_TRACKING_URI: url,
    MLFLOW_PYTHON_EXECUTABLE: mlflow?.python ?? '',
    LC_ALL: 'C.UTF-8',
  })
  return JSON.parse(printed)
}

it('the Java client under test is the one that is said to be', async () => {
  expect(await readFile(join(FOLDER, 'pom.xml'), 'utf8')).toMatch(
    new RegExp(`<artifactId>mlflow-client</artifactId>\\s*<version>${JAVA_VERSION}</version>`),
  )
})

const FOUND = {
  experiments: {
    same: true,
    deleted: 'deleted',
    tags: { a: 'größe', c: 'd' },
    missing: true,
    found: ['java-renamed', 'java'],
    all: ['java-renamed', 'java', 'Default'],
    pages: [['Default', 'java'], ['java-renamed']],
    twice: 'RESOURCE_ALREADY_EXISTS',
  },
  runs: {
    status: 'FINISHED',
    metrics: { batch: '2.0', curve: '1.0', inf: '1.7976931348623157E308', loss: '0.5', nan: 'NaN' },
    params: { lr: '0.1', p: 'größe' },
    tags: { t: 'v', team: 'a', 'mlflow.runName': expect.stringMatching(/^\w+-\w+-\d+$/) },
    history: [0, 1, 2, 3, 4].map(
      (step) => `${step} ${1_700_000_000_000 + step} ${(step / 4).toFixed(2).replace(/0$/, '')}`,
    ),
    other: ['named', 'FAILED', 5, 9],
    deleted: 'deleted',
    param_changed: 'INVALID_PARAMETER_VALUE',
    unknown: 'RESOURCE_DOES_NOT_EXIST',
  },
  searches: {
    listed: 6,
    even: 3,
    deleted: 1,
    first: 3,
    pages: [[6, 5, 4], [3, 2, 1], [0]],
    by_token: [3, 2, 1],
    bad_filter: 'INVALID_PARAMETER_VALUE',
  },
  context: {
    start: '0',
    name: 'parent',
    params: 3,
    metrics: { m: 2, n: 4, o: 5 },
    tags: { t: 'u', v: 'w', x: '', 'mlflow.runName': 'parent', 'mlflow.source.type': 'LOCAL' },
    uri: true,
    children: ['child'],
    statuses: ['FAILED', 'FAILED', 'FINISHED', 'FINISHED'],
  },
  registry: {
    description: 'größe',
    sent: ['registered_model'],
    latest: { 2: 'Production', 3: 'None' },
    production: { 2: 'Production' },
    version: { 2: 'Production' },
    uri: true,
    found: [3, 3],
    pages: [['3', '2'], ['1']],
    by_token: ['2'],
  },
}

const FILES = {
  listed: ['tree/deep/ü.bin 100000'],
  downloaded: ['in/a/one.txt', 'one.txt', 'tree/deep/ü.bin'],
  text: 'größe',
  version: ['MLmodel', 'registered_model_meta'],
  latest: ['MLmodel', 'registered_model_meta'],
}
