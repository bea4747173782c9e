/** What training.py and artifacts.py find, by every version of the client. */
import { expect, it } from 'vitest'
import type { Having } from './python-suite.ts'

// biome-ignore lint/suspicious/noExplicitAny: what the scripts print
export function testFiles(having: Having, answers: () => any): void {
  having('autologged')('trains with scikit-learn autologging', () => {
    expect(answers().autologged).toMatchObject({
      status: 'FINISHED',
      params: { n_estimators: '3', max_depth: '2', random_state: '0' },
      estimator: 'RandomForestClassifier',
      datasets: ['dataset'],
      outputs: true,
      model_status: 'READY',
    })
    expect(answers().autologged.metrics).toContain('training_accuracy_score')
    expect(answers().autologged.artifacts).toContain('training_confusion_matrix.png')
  })

  having('registered')('registers a model while logging it and loads it by every URI', () => {
    expect(answers().registered).toMatchObject({
      loaded: { version: true, alias: true, latest: true, 'model id': true, run: true },
      flavor: 'LinearRegression',
      version: { status: 'READY', run: true },
      registered_by_model: true,
    })
    expect(answers().registered.download).toContain('MLmodel')
  })

  it('uploads and downloads artifacts, whole folders too', () => {
    expect(answers().artifacts).toEqual({
      uri: true,
      files: [
        'a.txt',
        'dict.json',
        'in/a/folder/a.txt',
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

  having('table')('logs a table and loads it into a data frame', () => {
    expect(answers().table).toEqual({ q: ['x'], n: [1] })
  })
}
