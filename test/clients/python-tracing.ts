/** What tracing.py finds. */
import { expect } from 'vitest'
import type { Having } from './python-suite.ts'

// biome-ignore lint/suspicious/noExplicitAny: what the scripts print
export function testTracing(having: Having, answers: () => any): void {
  having('traces_read')('traces a program and reads its spans', () => {
    expect(answers().traces_read).toEqual({
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

  having('traces_searched')('searches traces', () => {
    expect(answers().traces_searched).toEqual({
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

  having('traces_assessed')('says what it thinks of traces', () => {
    expect(answers().traces_assessed).toEqual({
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

  having('traces_changed')('tags, links and deletes traces', () => {
    expect(answers().traces_changed).toEqual({ tags: { reviewed: 'yes' }, linked: ['failing'] })
    expect(answers().traces_deleted).toEqual({ 'by id': 1, left: ['failing'], 'by time': 1, none: [] })
  })
}
