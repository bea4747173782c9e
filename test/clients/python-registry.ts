/** What registry.py finds, by every version of the client. */
import { expect, it } from 'vitest'
import type { Having } from './python-suite.ts'

// biome-ignore lint/suspicious/noExplicitAny: what the script prints
export function testRegistry(having: Having, answers: () => any): void {
  it('keeps registered models', () => {
    expect(answers().models).toEqual({
      description: 'more animals',
      tags: { c: 'd' },
      found: ['zoo-2'],
      twice: 'RESOURCE_ALREADY_EXISTS',
      gone: 'RESOURCE_DOES_NOT_EXIST',
    })
  })

  it('moves stages between versions and loads by them', () => {
    expect(answers().versions).toEqual({
      latest: ['2'],
      source: true,
      stages: { 1: 'Archived', 2: 'Production', 3: 'None' },
      answers: {
        'models:/echo/Production': ['two x'],
        'models:/echo/3': ['three x'],
        'models:/echo/latest': ['three x'],
      },
      third: ['third', { k: 'v' }],
      no_version: 'RESOURCE_DOES_NOT_EXIST',
      left: ['1', '2'],
    })
  })

  having('aliases')('moves aliases between versions and loads by them', () => {
    expect(answers().aliases).toEqual({
      version: '2',
      all: { champion: '2' },
      answer: ['two x'],
      reserved: 'INVALID_PARAMETER_VALUE',
      gone: 'INVALID_PARAMETER_VALUE',
    })
  })

  having('copied')('copies a model version, whose copy loads', () => {
    expect(answers().copied).toEqual({ version: ['echo-copy', '1'], answer: ['one x'] })
  })

  having('logged_models')('keeps logged models with metrics of their own', () => {
    expect(answers().logged_models).toEqual({
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
}
