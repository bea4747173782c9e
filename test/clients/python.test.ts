import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MLFLOW_VERSION } from '../../server/version.ts'
import { mlflowEnvironment, startTrackyard } from '../support/mlflow.ts'
import { emptyDatabase, hasPostgres } from '../support/postgres.ts'
import type { RunningServer } from '../support/server-process.ts'
import { runScript } from './scripts.ts'

const mlflow = await mlflowEnvironment()

it('the client under test is the release whose protocol the server keeps', async () => {
  const requirements = await readFile(join(import.meta.dirname, 'requirements.txt'), 'utf8')
  expect(requirements).toContain(`mlflow==${MLFLOW_VERSION}\n`)
})

const BACKENDS = hasPostgres() ? ['SQLite', 'PostgreSQL'] : ['SQLite']

describe.skipIf(!mlflow).each(BACKENDS)('the stock Python client of MLflow 3.17.2 on %s', (backend) => {
  let folder: string
  let server: RunningServer
  // biome-ignore lint/suspicious/noExplicitAny: what the scripts print
  let training: any, tracking: any, registry: any, tracing: any

  beforeAll(async () => {
    if (!mlflow) return
    folder = await mkdtemp(join(tmpdir(), 'trackyard-python-'))
    await mkdir(join(folder, 'client'))
    const environment: Record<string, string> =
      backend === 'PostgreSQL' ? { MLFLOW_BACKEND_STORE_URI: await emptyDatabase() } : {}
    server = await startTrackyard({ folder, environment })
    const { url } = server
    ;[training, tracking, registry, tracing] = await Promise.all([
      runScript(mlflow, 'training.py', { url, args: [join(folder, 'client')] }),
      runScript(mlflow, 'tracking.py', { url }),
      runScript(mlflow, 'registry.py', { url }),
      runScript(mlflow, 'tracing.py', { url }),
    ])
  }, 180_000)

  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('trains with scikit-learn autologging', () => {
    expect(training.autologged).toMatchObject({
      status: 'FINISHED',
      params: { n_estimators: '3', max_depth: '2', random_state: '0' },
      estimator: 'RandomForestClassifier',
      datasets: ['dataset'],
      outputs: true,
      model_status: 'READY',
    })
    expect(training.autologged.metrics).toContain('training_accuracy_score')
    expect(training.autologged.artifacts).toContain('training_confusion_matrix.png')
  })

  it('registers a model while logging it and loads it by every URI', () => {
    expect(training.registered).toMatchObject({
      loaded: { version: true, alias: true, latest: true, 'model id': true, run: true },
      flavor: 'LinearRegression',
      version: { status: 'READY', run: true },
      registered_by_model: true,
    })
    expect(training.registered.download).toContain('MLmodel')
  })

  it('uploads and downloads artifacts, whole folders too', () => {
    expect(training.artifacts).toEqual({
      uri: true,
      files: [
        'a.txt',
        'dict.json',
        'in/a/folder/a.txt',
        'table.json',
        'texts/one.txt',
        'tree/a.txt',
        'tree/deep/deeper/empty',
        'tree/deep/ü ñ.bin',
      ],
      'same bytes': true,
      text: 'größe 🧪',
      dict: { k: [1, 2] },
      listed: [
        ['tree/deep/deeper', true, null],
        ['tree/deep/ü ñ.bin', false, 1_048_576],
      ],
      missing: [],
    })
  })

  it('logs parameters, metrics and tags, to nested runs too', () => {
    expect(tracking.logged).toMatchObject({
      status: 'FINISHED',
      params: { lr: '0.1', layers: '3', note: 'größe' },
      loss: 0.2,
      nan: true,
      inf: Number.MAX_VALUE,
      neg: -Number.MAX_VALUE,
      big: 2 ** 53 + 2,
      tags: { team: 'a', k: 'v', empty: '', 'mlflow.runName': 'parent', 'mlflow.note.content': 'about it' },
      children: true,
      param_changed: 'INVALID_PARAMETER_VALUE',
    })
    expect(tracking.logged.history).toEqual([0, 1, 2, 3, 4].map((step) => [step, 1 / (step + 1)]))
  })

  it('logs batches at once and in the background', () => {
    expect(tracking.batches).toEqual({ points: 2500, in_order: true, latest: 2499, status: 'FAILED' })
  })

  it('searches runs page by page and into a data frame', () => {
    expect(tracking.searched).toEqual({
      is_frame: true,
      scores: [6, 4, 2],
      names: ['r6', 'r4', 'r2'],
      pages: [[0, 1, 2], [3, 4, 5], [6]],
      bad_filter: 'INVALID_PARAMETER_VALUE',
      experiments: ['searched'],
    })
  })

  it('logs a dataset and finds the run by it', () => {
    expect(tracking.datasets).toEqual({
      datasets: [['points', true, { 'mlflow.data.context': 'training', split: 'train' }]],
      source: 'https://host.example/data.csv',
      search: 1,
    })
  })

  it('deletes, restores and renames experiments and runs', () => {
    expect(tracking.lifecycle).toEqual({
      deleted: true,
      stages: ['deleted', 'deleted'],
      taken: 'RESOURCE_ALREADY_EXISTS',
      back: ['active', { c: 'd' }],
      missing: null,
      unknown: 'RESOURCE_DOES_NOT_EXIST',
    })
  })

  it('gives every worker the same experiment when all set it at once', () => {
    expect(tracking.race).toEqual({
      experiments: 1,
      not_default: true,
      latest: { m0: 60, m1: 61, m2: 62, m3: 63 },
    })
  })

  it('keeps registered models', () => {
    expect(registry.models).toEqual({
      description: 'more animals',
      tags: { c: 'd' },
      found: ['zoo-2'],
      twice: 'RESOURCE_ALREADY_EXISTS',
      gone: 'RESOURCE_DOES_NOT_EXIST',
    })
  })

  it('moves aliases and stages between versions and loads by them', () => {
    expect(registry.versions).toEqual({
      alias: ['2', { champion: '2' }],
      stages: { 1: 'Archived', 2: 'Production', 3: 'None' },
      answers: {
        'models:/echo@champion': ['two x'],
        'models:/echo/Production': ['two x'],
        'models:/echo/3': ['three x'],
        'models:/echo/latest': ['three x'],
      },
      third: ['third', { k: 'v' }],
      reserved: 'INVALID_PARAMETER_VALUE',
      no_alias: 'INVALID_PARAMETER_VALUE',
      no_version: 'RESOURCE_DOES_NOT_EXIST',
      left: ['1', '2'],
    })
  })

  it('copies a model version, whose copy loads', () => {
    expect(registry.copied).toEqual({ version: ['echo-copy', '1'], answer: ['one x'] })
  })

  it('keeps logged models with metrics of their own', () => {
    expect(registry.logged_models).toEqual({
      status: 'READY',
      params: { p: '1', q: '2' },
      tags: { u: 'w' },
      metrics: [
        ['acc', 0.9, 0],
        ['acc', 0.95, 1],
      ],
      found: ['agent'],
      gone: 'RESOURCE_DOES_NOT_EXIST',
    })
  })

  it('traces a program and reads its spans', () => {
    expect(tracing.read).toEqual({
      state: ['OK', 'ERROR'],
      previews: ['{"question": "grüße"}', '"GRÜSSE!"'],
      usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
      session: 's1',
      root: ['answer', 'CHAIN', { question: 'grüße' }, 'GRÜSSE!', null],
      inner: ['model', 'LLM', true, 0.5],
      event: [['thought', { deep: true }]],
      failure: ['ValueError'],
      missing: null,
    })
  })

  it('searches traces', () => {
    expect(tracing.searched).toEqual({
      all: ['answer', 'failing'],
      frame: true,
      'spans in frame': [2],
      tag: ['answer'],
      name: ['failing'],
      run: ['answer'],
      paged: [1, true],
      refused: 'INVALID_PARAMETER_VALUE',
    })
  })

  it('says what it thinks of traces', () => {
    expect(tracing.assessed).toEqual({
      seen: [
        ['good', true, false, 'HUMAN'],
        ['score', 0.75, true, 'CODE'],
        ['expected', { answer: [1, 'x'] }, null, 'HUMAN'],
        ['good', false, true, 'CODE'],
      ],
      left: [false, 'well', 3],
      found: [['answer'], ['answer'], ['failing']],
    })
  })

  it('tags, links and deletes traces', () => {
    expect(tracing.changed).toEqual({ tags: { reviewed: 'yes' }, linked: ['failing'] })
    expect(tracing.deleted).toEqual({ 'by id': 1, left: ['failing'], 'by time': 1, none: [] })
  })
})
