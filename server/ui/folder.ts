/** Where MLflow's built UI is. */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { MLFLOW_VERSION } from '../version.ts'

/** The folder that is set, else the one `trackyard ui` fills; undefined where there is none. */
export function uiFolder(uiDir: string): string | undefined {
  if (uiDir !== '') return resolve(uiDir)
  const root = packageRoot()
  return root && join(root, '.cache', 'ui', MLFLOW_VERSION)
}

/** The folder this package is in; undefined for a bundle, which has left it. */
export function packageRoot(): string | undefined {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'bin', 'fetch-ui.py'))) return folder
  }
  return undefined
}
