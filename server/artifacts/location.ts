/**
 * Where an artifact URI leads: the stores this server reads, and the places it leaves to the clients. A location
 * comes from a client, so it may only name what the operator configured.
 */
import { relative } from 'node:path'
import type { Config } from '../config.ts'
import { ApiError, invalidParameter } from '../errors.ts'
import type { ArtifactStore, ArtifactStores } from './index.ts'
import { isInside, localFolder } from './local-path.ts'
import { joinSafe, safePath } from './safe-path.ts'

type RootSettings = Pick<Config, 'artifactsDestination' | 'defaultArtifactRoot' | 'allowedArtifactRoots'>

/** A directory or a file in a store. */
export interface ArtifactPlace {
  readonly store: ArtifactStore
  readonly path: string
}

interface Source {
  readonly config: RootSettings & Pick<Config, 'serveArtifacts'>
  /** The server's own store. */
  readonly artifacts: ArtifactStore
  readonly artifactStores: ArtifactStores
}

const PROXY_ROUTE = '/api/2.0/mlflow-artifacts/artifacts/'
const NO_PROXY =
  'This server runs with --no-serve-artifacts: it does not store artifacts. Start it with --serve-artifacts to enable that.'

/**
 * The store and the path that a stored artifact URI leads to.
 * @throws ApiError for a URI this server has no store for, and for a place the operator did not configure
 */
export async function locateArtifacts(
  uri: string,
  { config, artifacts, artifactStores }: Source,
): Promise<ArtifactPlace> {
  const proxied = proxiedPath(uri)
  if (proxied !== undefined) {
    checkServesArtifacts(config)
    return { store: artifacts, path: safePath(proxied) }
  }
  const scheme = schemeOf(uri)
  if (!isLocal(scheme) && scheme !== 's3') {
    throw notImplemented(`This server has no store for ${scheme}: artifacts.`)
  }
  const root = [config.artifactsDestination, ...allowedRoots(config)].find((one) => isUnder(uri, one))
  if (root === undefined) throw notConfigured(uri)
  if (isLocal(scheme)) {
    const path = safePath(relative(localFolder(root), localFolder(uri)))
    return { store: await artifactStores.at(root), path }
  }
  const { authority: bucket, segments } = partsOf(uri)
  const { segments: prefix } = partsOf(root)
  if (!bucket) throw notConfigured(uri)
  const path = safePath(segments.slice(prefix.length).join('/'))
  return { store: await artifactStores.at(`s3://${[bucket, ...prefix].join('/')}`), path }
}

/** The place below another; `path` is from `safePath`. */
export function below({ store, path: base }: ArtifactPlace, path: string): ArtifactPlace {
  return { store, path: joinSafe(base, path) }
}

/**
 * MLflow answers 503 here, which its client asks again for minutes.
 * @throws ApiError when the server runs with --no-serve-artifacts
 */
export function checkServesArtifacts({ serveArtifacts }: Pick<Config, 'serveArtifacts'>): void {
  if (!serveArtifacts) throw notImplemented(NO_PROXY)
}

/** Whether `uri` is the root or below it, whatever store they are in; the root `s3://` has every bucket. */
export function isUnder(uri: string, root: string): boolean {
  if (isLocal(schemeOf(uri))) return isLocal(schemeOf(root)) && isFolderUnder(uri, root)
  const [inner, outer] = [partsOf(uri), partsOf(root)]
  const isAnyAuthority = outer.authority === '' && outer.segments.length === 0
  return (
    inner.scheme === outer.scheme &&
    (isAnyAuthority || inner.authority === outer.authority) &&
    outer.segments.every((segment, index) => inner.segments[index] === segment)
  )
}

export function schemeOf(uri: string): string {
  return /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase() ?? ''
}

export function isLocal(scheme: string): boolean {
  return scheme === '' || scheme === 'file'
}

/** The roots a location may be in beside the server's own store. */
export function allowedRoots({ defaultArtifactRoot, allowedArtifactRoots }: RootSettings): readonly string[] {
  return [defaultArtifactRoot, ...allowedArtifactRoots]
}

export function localRoots(config: RootSettings): string[] {
  return [config.artifactsDestination, ...allowedRoots(config)].filter((root) => isLocal(schemeOf(root)))
}

export function notConfigured(uri: string): ApiError {
  return invalidParameter(
    `The artifact location '${uri}' is outside the places this server was configured with. Its operator can add one with TRACKYARD_ALLOWED_ARTIFACT_ROOTS.`,
  )
}

export function proxiedPath(uri: string): string | undefined {
  const scheme = schemeOf(uri)
  if (scheme === 'mlflow-artifacts') return uri.replace(/^[^:]*:(\/\/[^/]*)?\/*/, '')
  // What old clients stored: the URL of the route itself.
  const route = uri.indexOf(PROXY_ROUTE)
  const isUrl = scheme === 'http' || scheme === 'https'
  return isUrl && route !== -1 ? uri.slice(route + PROXY_ROUTE.length) : undefined
}

function isFolderUnder(uri: string, root: string): boolean {
  try {
    return isInside(localFolder(root), localFolder(uri))
  } catch {
    // A folder of another machine.
    return false
  }
}

function partsOf(uri: string): { scheme: string; authority: string | undefined; segments: string[] } {
  const [, authority, path = ''] = /^[^:]*:(?:\/\/([^/]*))?(.*)$/.exec(uri) ?? []
  return {
    scheme: schemeOf(uri),
    authority: authority?.toLowerCase(),
    segments: path.split('/').filter((segment) => segment !== ''),
  }
}

function notImplemented(message: string): ApiError {
  return new ApiError('NOT_IMPLEMENTED', message)
}
