/** What tracking.py finds, by every version of the client. */
import { expect, it } from 'vitest'
import type { Having } from './python-suite.ts'

// biome-ignore lint/suspicious/noExplicitAny: what the script prints
export function testTracking(having: Having, answers: () => any): void {
  it('logs parameters, metrics and tags, to nested runs too', () => {
    expect(answers().logged).toMatchObject({
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
    expect(answers().logged.history).toEqual([0, 1, 2, 3, 4].map((step) => [step, 1 / (step + 1)]))
  })

  it('logs batches at once and in the background', () => {
    expect(answers().batches).toEqual({ points: 2500, in_order: true, latest: 2499, status: 'FAILED' })
  })

  it('searches runs page by page and into a data frame', () => {
    expect(answers().searched).toEqual({
      is_frame: true,
      scores: [6, 4, 2],
      names: ['r6', 'r4', 'r2'],
      pages: [[0, 1, 2], [3, 4, 5], [6]],
      bad_filter: 'INVALID_PARAMETER_VALUE',
      experiments: ['searched'],
    })
  })

  having('datasets')('logs a dataset and finds the run by it', () => {
    expect(answers().datasets).toEqual({
      datasets: [['points', true, { 'mlflow.data.context': 'training', split: 'train' }]],
      source: 'https://host.example/data.csv',
      search: 1,
    })
  })

  it('deletes, restores and renames experiments and runs', () => {
    expect(answers().lifecycle).toEqual({
      deleted: true,
      stages: ['deleted', 'deleted'],
      tags: { 'mlflow.runName': 'renamed' },
      taken: 'RESOURCE_ALREADY_EXISTS',
      back: ['active', { a: 'b', c: 'd' }],
      missing: null,
      unknown: 'RESOURCE_DOES_NOT_EXIST',
    })
  })

  having('race')('gives every worker the same experiment when all set it at once', () => {
    expect(answers().race).toEqual({ experiments: 1, not_default: true })
  })

  it('logs one run from many threads', () => {
    expect(answers().writers).toEqual({ m0: 60, m1: 61, m2: 62, m3: 63 })
  })

  having('experiment_tags')('takes tags of experiments away', () => {
    expect(answers().experiment_tags).toEqual({ c: 'd' })
  })
}
