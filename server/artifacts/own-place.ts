/** Whether an artifact location is nobody else's, however each location is spelt. */
import type { Config } from '../config.ts'
import { localFolder } from './local-path.ts'
import { isLocal, proxiedPath, schemeOf } from './location.ts'
import { safePath } from './safe-path.ts'

type Roots = Pick<Config, 'artifactsDestination' | 'defaultArtifactRoot'>

/**
 * Whether no location that is taken is this one, above it or inside it, and no experiment will ever get one there: the
 * server puts each below a root of its own, in a folder named by its number.
 */
export function isOwnPlace(
  location: string,
  taken: Iterable<string | null>,
  { artifactsDestination, defaultArtifactRoot }: Roots,
): boolean {
  const place = placeOf(location, artifactsDestination)
  if (!place) return false
  for (const one of [artifactsDestination, defaultArtifactRoot]) {
    const root = placeOf(one, artifactsDestination)
    if (root && (isUnder(root, place) || isNumbered(place, root))) return false
  }
  for (const other of taken) {
    const names = placeOf(other ?? '', artifactsDestination)
    if (names && (isUnder(names, place) || isUnder(place, names))) return false
  }
  return true
}

type Place = readonly string[]

/** Where the files are: the scheme, the host or bucket, and each folder's name. Nothing for what no store reads. */
function placeOf(location: string, artifactsDestination: string): Place | undefined {
  if (location === '') return undefined
  try {
    const proxied = proxiedPath(location)
    if (proxied !== undefined) {
      const root = placeOf(artifactsDestination, '')
      return root && [...root, ...namesIn(safePath(proxied))]
    }
    const scheme = schemeOf(location)
    if (isLocal(scheme)) return ['file', '', ...namesIn(localFolder(location))]
    const [, authority = '', path = ''] = /^[^:]*:(?:\/\/([^/]*))?\/*(.*)$/.exec(location) ?? []
    return [scheme, authority.toLowerCase(), ...namesIn(safePath(path))]
  } catch {
    return undefined
  }
}

function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '')
}

function isUnder(inner: Place, outer: Place): boolean {
  return outer.every((name, index) => inner[index] === name)
}

/** `workspaces` is where MLflow puts experiments once it has more than one workspace. */
function isNumbered(place: Place, root: Place): boolean {
  return isUnder(place, root) && /^(\d+|workspaces)$/.test(place[root.length] ?? '')
}
