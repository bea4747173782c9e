import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * The Node versions under which a person may run `cdk` and `pulumi` here: the pinned one, and the machine's own
 * where it is 20 or newer.
 */
export function nodesOfPeople(): { version: string; path: string }[] {
  const own = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path))
  const found = [process.execPath, ...(own ? [own] : [])].map((path) => ({ path, version: versionOf(path) }))
  const versions = new Map(found.map((one) => [one.version, one]))
  return [...versions.values()].filter(({ version }) => Number.parseInt(version.slice(1), 10) >= 20)
}

function versionOf(path: string): string {
  return execFileSync(path, ['--version'], { encoding: 'utf8' }).trim()
}
