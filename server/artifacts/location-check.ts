/** Which artifact location an experiment may be created with. */
import type { Config } from '../config.ts'
import { invalidParameter } from '../errors.ts'
import { localFolder } from './local-path.ts'
import { allowedRoots, isLocal, isUnder, localRoots, notConfigured, schemeOf } from './location.ts'
import { safePath } from './safe-path.ts'

const MOST_CHARACTERS = 2048

/**
 * The location to store: the server's own store, a folder inside a configured one, or below a root that the
 * operator allows. A relative folder becomes absolute.
 * @throws ApiError INVALID_PARAMETER_VALUE for any other
 */
export function checkArtifactLocation(location: string, config: Config): string {
  checkForm(location)
  const scheme = schemeOf(location)
  if (isLocal(scheme)) return checkFolder(location, config)
  const isOwnStore = scheme === 'mlflow-artifacts' && !/^[^:]*:\/\/[^/]/.test(location)
  if (isOwnStore || allowedRoots(config).some((root) => isUnder(location, root))) return location
  throw notConfigured(location)
}

function checkForm(location: string): void {
  if (location.length > MOST_CHARACTERS) {
    throw invalidParameter(
      `Invalid artifact path length. The length of the artifact path cannot be greater than ${MOST_CHARACTERS} characters.`,
    )
  }
  if (location.startsWith('runs:')) {
    throw invalidParameter(`Artifact location cannot be a runs:/ URI. Given: '${location}'`)
  }
  if (location.includes('#')) {
    throw invalidParameter("'artifact_location' URL can't include fragments or params.")
  }
  // Judged as one relative path, a location can neither climb nor smuggle: not in its path, not in a query.
  safePath(location.replace(/^[a-z][a-z0-9+.-]+:/i, '').replace(/^\/+/, ''))
}

function checkFolder(location: string, config: Config): string {
  if (!localRoots(config).some((root) => isUnder(location, root))) throw notConfigured(location)
  return schemeOf(location) === 'file' ? location : localFolder(location)
}
