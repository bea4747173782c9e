/** Artifacts as files below one folder, laid out as MLflow lays them out. */
import { type BigIntStats, constants, type Dirent } from 'node:fs'
import { access, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { invalidParameter, notFound } from '../errors.ts'
import type { ArtifactEntry, ArtifactFile, ArtifactStore } from './index.ts'
import { makeFolder } from './local-folder.ts'
import { diskFault, findReal, isReserved, localFolder } from './local-path.ts'
import { readingOf } from './local-read.ts'
import { removeStaleUploads, writeFile } from './local-write.ts'

/**
 * Makes the folder where it is missing and clears uploads that a stopped server left behind; nothing where it only reads.
 * @throws when the folder cannot be made or written, or read
 */
export async function openLocalArtifactStore(uri: string, readOnly = false): Promise<ArtifactStore> {
  const store = localArtifactStore(uri, readOnly)
  const root = localFolder(uri)
  try {
    if (!readOnly) await makeFolder(root)
    await store.check()
    if (!readOnly) await removeStaleUploads(root)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new Error(
      `MLFLOW_ARTIFACTS_DESTINATION=${JSON.stringify(uri)}: cannot keep artifacts in ${root} (${code ?? message}); it must be a folder this server can ${readOnly ? 'read' : 'write'}`,
      { cause },
    )
  }
  return store
}

/** The store on a folder that need not be there yet. */
export function localArtifactStore(uri: string, readOnly = false): ArtifactStore {
  const root = localFolder(uri)
  return {
    uri,
    list: (path) => told(path, () => list(root, path)),
    get: (path) => told(path, () => get(root, path)),
    put: (path, body) => told(path, () => writeFile(root, path, body)),
    delete: (path) => told(path, () => remove(root, path)),
    check: () => check(root, readOnly),
  }
}

async function list(root: string, path: string): Promise<ArtifactEntry[]> {
  const folder = isReserved(path) ? undefined : await findReal(root, path)
  if (folder === undefined) return []
  const found = await entriesOf(folder)
  const entries = await Promise.all(
    found
      .filter(({ name }) => !isReserved(name))
      .map((entry) => describe(root, join(path, entry.name), entry)),
  )
  return entries
    .filter((entry) => entry !== undefined)
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

/** Undefined for what is no artifact: a device, a link that leads nowhere or out of the root. */
async function describe(root: string, path: string, entry: Dirent): Promise<ArtifactEntry | undefined> {
  if (entry.isDirectory()) return { path: entry.name, isDirectory: true }
  if (!entry.isFile() && !entry.isSymbolicLink()) return undefined
  const stats = await findReal(root, path).then(findStats, () => undefined)
  if (stats?.isDirectory()) return { path: entry.name, isDirectory: true }
  return stats?.isFile() ? { path: entry.name, isDirectory: false, sizeBytes: Number(stats.size) } : undefined
}

async function get(root: string, path: string): Promise<ArtifactFile> {
  const real = isReserved(path) ? undefined : await findReal(root, path)
  const stats = await findStats(real)
  if (stats?.isDirectory()) {
    throw invalidParameter(`Artifact path refers to a directory, not a file: '${path}'`)
  }
  // Opening a pipe would wait for its other end.
  if (real === undefined || !stats?.isFile()) throw notFound(`No such artifact: '${path}'`)
  return readingOf(real, stats, path)
}

async function findStats(real: string | undefined): Promise<BigIntStats | undefined> {
  if (real === undefined) return undefined
  try {
    return await stat(real, { bigint: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A link is deleted itself, not what it leads to. */
async function remove(root: string, path: string): Promise<void> {
  if (path === '') throw invalidParameter('Invalid path: the artifact root itself cannot be deleted')
  if (isReserved(path)) return
  const folder = await findReal(root, dirname(path))
  if (folder !== undefined) await rm(join(folder, basename(path)), { recursive: true, force: true })
}

async function check(root: string, readOnly: boolean): Promise<void> {
  const stats = await stat(root)
  if (!stats.isDirectory()) throw new Error(`${root} is not a folder`)
  await access(root, constants.R_OK | constants.X_OK | (readOnly ? 0 : constants.W_OK))
}

async function told<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw diskFault(error, path)
  }
}
