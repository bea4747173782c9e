/** Where a path of a local store really is: links are followed, and never out of the root. */
import { realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ApiError, invalidParameter } from '../errors.ts'

/**
 * MLflow keeps half-written files under names with this prefix, never lists them and refuses them in uploads.
 * The folder of our own uploads has it too, so that MLflow on the same folder does not show it.
 */
export const RESERVED_PREFIX = '.artifact.uploading.'

/**
 * The folder that a path or a `file:` URI names.
 * @throws when the URI names another machine
 */
export function localFolder(uri: string): string {
  if (!/^file:/i.test(uri)) return resolve(uri)
  return /^file:\//i.test(uri) ? fileURLToPath(uri) : resolve(uri.slice('file:'.length))
}

export function isReserved(path: string): boolean {
  return path.split('/').some((name) => name.startsWith(RESERVED_PREFIX))
}

/**
 * The real path of what is there, or undefined when nothing is.
 * @throws ApiError when a link on the way leads out of `root`
 */
export async function findReal(root: string, path: string): Promise<string | undefined> {
  const [realRoot, real] = await Promise.all([realPathOf(root), realPathOf(join(root, path))])
  if (realRoot === undefined || real === undefined) return undefined
  if (!isInside(realRoot, real)) throw outside()
  return real
}

/** @throws ApiError when writing to `path` would leave `root` by a link */
export async function checkStaysInside(root: string, path: string): Promise<void> {
  if ((await findReal(root, path)) !== undefined) return
  let existing = ''
  for (const name of path.split('/')) {
    existing = join(existing, name)
    if ((await findReal(root, existing)) === undefined) return
  }
}

/** Whether `path` is `folder` or below it; both absolute. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way)
}

/** What a client is told when the disk refuses. Other errors come back as they are. */
export function diskFault(error: unknown, path: string): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENAMETOOLONG':
      return invalidParameter('Invalid path: a name in it is too long')
    // Only a link to nothing is still in the way of a folder that is being made.
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EEXIST':
    case 'ENOTEMPTY':
      return invalidParameter(`Invalid path: '${path}' is a directory, or a file is in its way`)
    case 'ELOOP':
      return outside()
    case 'ENOSPC':
    case 'EDQUOT':
      return unavailable('No space is left where this server keeps artifacts.', error)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'EIO':
    case 'EMFILE':
    case 'ENFILE':
      return unavailable('This server cannot reach its artifacts now; its log says why.', error)
    default:
      return error
  }
}

function unavailable(message: string, cause: unknown): ApiError {
  return new ApiError('TEMPORARILY_UNAVAILABLE', message, { cause })
}

function outside(): ApiError {
  return invalidParameter('Invalid path: resolved path is outside the artifact directory')
}

async function realPathOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
