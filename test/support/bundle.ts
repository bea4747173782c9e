import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { REPOSITORY } from './mlflow.ts'

/** Makes the image's bundle in a folder of the test's own. @returns the file to run */
export async function bundleInto(folder: string): Promise<string> {
  const bundle = ['run', '--silent', '--ignore-scripts', 'bundle', '--', `--outdir=${folder}`]
  await promisify(execFile)('npm', bundle, { cwd: REPOSITORY })
  return join(folder, 'trackyard.mjs')
}
