/** A project of somebody else's that depends on this package. */
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import { REPOSITORY, run } from './mlflow.ts'

const TSC = join(REPOSITORY, 'node_modules/.bin/tsc')

/** What `npm pack` makes, unpacked as npm does into an empty project, beside the packages that it needs. */
export async function installPackage(project: string, ...peers: string[]): Promise<void> {
  const source = join(project, 'source')
  const installed = join(project, 'node_modules/trackyard')
  await mkdir(installed, { recursive: true })
  await writeFile(join(project, 'package.json'), '{"private":true,"type":"module"}')
  for (const file of ['package.json', 'README.md', 'LICENSE', 'bin', 'docs', 'docker/team']) {
    await cp(join(REPOSITORY, file), join(source, file), { recursive: true })
  }
  await run(TSC, ['-p', join(REPOSITORY, 'tsconfig.build.json'), '--outDir', join(source, 'dist')])
  await run('npm', ['pack', source, '--ignore-scripts', '--loglevel=error', '--pack-destination', project])
  const tarball = join(project, `trackyard-${packageJson.version}.tgz`)
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed])
  for (const dependency of [...peers, ...Object.keys(packageJson.dependencies)]) {
    const place = join(project, 'node_modules', dependency)
    await mkdir(join(place, '..'), { recursive: true })
    await symlink(join(REPOSITORY, 'node_modules', dependency), place)
  }
}

/** @returns a line for each fault of these programs of the project */
export async function typeErrors(project: string, ...programs: string[]): Promise<string[]> {
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--module', 'nodenext']
  const types = [
    '--target',
    'es2024',
    '--types',
    'node',
    '--typeRoots',
    join(REPOSITORY, 'node_modules/@types'),
  ]
  const files = programs.map((program) => join(project, program))
  const printed = await run(TSC, [...options, ...types, ...files]).catch(
    (error: { stdout: string }) => error.stdout,
  )
  return printed
    .trim()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(' '))
}
