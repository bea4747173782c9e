/** The URI a model version names as its source, taken apart and compared; strict, since clients choose it. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface SourceUri {
  readonly text: string
  /** Lower case; empty for a local path. */
  readonly scheme: string
  /** Lower case; empty where the URI names no host or bucket. */
  readonly authority: string
  readonly path: string
}

/** Schemes whose stores connect to the host that the URI names. */
const HOST_SCHEMES = new Set([
  'ftp',
  'sftp',
  'hdfs',
  'viewfs',
  'http',
  'https',
  'mlflow-artifacts',
  'r2',
  'b2',
  'abfss',
])

export function parseSourceUri(text: string): SourceUri {
  const match = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)/i.exec(text)
  if (!match) return { text, scheme: '', authority: '', path: text }
  const [, scheme = '', authority = '', path = ''] = match
  return { text, scheme: scheme.toLowerCase(), authority: authority.toLowerCase(), path }
}

export function isLocal({ scheme }: SourceUri): boolean {
  return scheme === '' || scheme === 'file'
}

/** Whether reading from the URI would make the server connect to a host the URI chooses. */
export function namesHost({ scheme, authority }: SourceUri): boolean {
  return HOST_SCHEMES.has(scheme) && !(scheme === 'mlflow-artifacts' && authority === '')
}

/** Whether the URI is one of this protocol's artifact proxy. */
export function isProxied({ scheme, path }: SourceUri): boolean {
  if (scheme === 'mlflow-artifacts') return true
  return /^https?$/.test(scheme) && `${decodeFully(path)}/`.includes('/api/2.0/mlflow-artifacts/artifacts/')
}

/** Whether two URIs reach the same server in the same way. */
export function sameTarget(a: SourceUri, b: SourceUri): boolean {
  return a.scheme === b.scheme && a.authority === b.authority
}

/** Whether a URI is `root` or below it; of both, `..` has been ruled out. */
export function isWithin(source: SourceUri, root: SourceUri): boolean {
  const parts = partsOf(source)
  const rootParts = partsOf(root)
  return sameTarget(source, root) && rootParts.length > 0 && rootParts.every((part, i) => part === parts[i])
}

/** The local file a URI names; nothing when it names a file of another host, or smuggles. */
export function localPath(uri: SourceUri): string | undefined {
  if (uri.scheme === '') return resolve(uri.path)
  if (/[?#]/.test(uri.text)) return undefined
  try {
    return resolve(fileURLToPath(`file://${uri.authority}${uri.path}`))
  } catch {
    return undefined
  }
}

/** Whether any reader of the URI, however often it decodes, could be led out of the place it names. */
export function leadsElsewhere({ text }: SourceUri): boolean {
  const decoded = decodeFully(text)
  return decoded.split(/[/\\?#&=;]/).includes('..') || hasControlCharacter(decoded)
}

/** Whether the path is absolute and names something, without `.` for a segment. */
export function isPlainPath({ path }: SourceUri): boolean {
  const plain = decodeFully(path).replace(/\/+/g, '/').replace(/\/$/, '')
  return plain.startsWith('/') && !plain.split('/').includes('.')
}

function partsOf({ path }: SourceUri): string[] {
  return path.split('/').filter(Boolean).map(decodeFully)
}

/** Undoes percent-encoding until there is none; byte by byte, which is enough to compare and to look for dots. */
function decodeFully(value: string): string {
  for (let encoded = value; ; ) {
    const decoded = encoded.replace(/%([0-9a-f]{2})/gi, (_match, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (decoded === encoded) return decoded
    encoded = decoded
  }
}

function hasControlCharacter(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) < 32) return true
  return false
}
