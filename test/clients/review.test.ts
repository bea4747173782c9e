import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mlflowEnvironment, startTrackyard } from '../support/mlflow.ts'
import { emptyDatabase, hasPostgres } from '../support/postgres.ts'
import type { RunningServer } from '../support/server-process.ts'
import { runScript } from './scripts.ts'

const mlflow = await mlflowEnvironment()

const BACKENDS = hasPostgres() ? ['SQLite', 'PostgreSQL'] : ['SQLite']

describe.skipIf(!mlflow).each(BACKENDS)('Databricks’s Python client on %s', (backend) => {
  let folder: string
  let server: RunningServer
  // biome-ignore lint/suspicious/noExplicitAny: what the script prints
  let review: any

  beforeAll(async () => {
    if (!mlflow) return
    folder = await mkdtemp(join(tmpdir(), 'trackyard-review-'))
    const database = backend === 'PostgreSQL' ? await emptyDatabase() : `sqlite:///${folder}/mlflow.db`
    server = await startTrackyard({ folder, environment: { MLFLOW_BACKEND_STORE_URI: database } })
    const { url } = server
    review = await runScript(mlflow, 'review.py', { url, args: [url, database] })
  }, 180_000)

  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('comments on a version', () => {
    expect(review.comments).toEqual({
      made: ['tested on größe', 'unknown', true],
      actions: ['EDIT_COMMENT', 'DELETE_COMMENT'],
      edited: ['tested', true],
      again: 'RESOURCE_DOES_NOT_EXIST',
    })
  })

  it('asks for a transition, which is rejected, taken back and approved', () => {
    expect(review.requests).toEqual({
      none: [],
      made: ['Production', 'unknown', 'please'],
      twice: 'RESOURCE_ALREADY_EXISTS',
      listed: ['REQUESTED_TRANSITION', 'None', 'Production', 'please'],
      decided: [
        ['REJECTED_REQUEST', 'unknown', 'no'],
        ['CANCELLED_REQUEST', 'unknown', null],
        ['APPROVED_REQUEST', 'unknown', 'go'],
      ],
      left: [],
      stages: { 1: 'Production', 2: 'Archived' },
    })
  })

  it('sees nothing of a model or version that MLflow renamed or deleted meanwhile on the next of its name', () => {
    expect(review.meanwhile).toEqual({
      renamed: [0, 'RESOURCE_DOES_NOT_EXIST', 1],
      deleted: [0, 'RESOURCE_DOES_NOT_EXIST', 1],
      version: 'RESOURCE_DOES_NOT_EXIST',
    })
  })
})
