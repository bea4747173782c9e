/** Uploads of a local store: all bytes under a private name first, then one rename. */
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { invalidParameter } from '../errors.ts'
import { type Batch, bytesIn } from './batches.ts'
import { makeFolder, syncFolder } from './local-folder.ts'
import { checkStaysInside, findReal, isReserved, RESERVED_PREFIX } from './local-path.ts'
import { uploadBatches } from './upload-batches.ts'

const UPLOADS = `${RESERVED_PREFIX}trackyard`
/** An upload touches its file all the time, so one that rests for so long has no writer. */
const STALE_AFTER_MS = 24 * 3600 * 1000
const MOST_ATTEMPTS = 3

export async function writeFile(root: string, path: string, body: Readable): Promise<void> {
  checkName(path)
  const folder = dirname(path)
  // Also before the bytes come: a bad path should not cost an upload.
  await checkStaysInside(root, folder)
  const uploads = join(root, UPLOADS)
  await makeFolder(uploads, 0o700)
  const temporary = join(uploads, randomUUID())
  try {
    await writeTemporary(temporary, body)
    await publish(temporary, root, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Deletes what uploads of a server that was killed left behind; other servers' uploads on the folder go on. */
export async function removeStaleUploads(root: string): Promise<void> {
  const uploads = join(root, UPLOADS)
  const names = await readdir(uploads).catch(() => [])
  for (const name of names) {
    const stats = await stat(join(uploads, name)).catch(() => undefined)
    if (stats && Date.now() - stats.mtimeMs > STALE_AFTER_MS) await rm(join(uploads, name), { force: true })
  }
}

function checkName(path: string): void {
  if (!isReserved(path)) return
  throw invalidParameter(
    `Invalid artifact file name: '${basename(path)}'. Artifact names starting with '${RESERVED_PREFIX}' are reserved.`,
  )
}

async function writeTemporary(temporary: string, body: Readable): Promise<void> {
  const file = await open(temporary, 'wx')
  try {
    for await (const batch of uploadBatches(body)) await writeAll(file, batch)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, batch: Batch): Promise<void> {
  const { bytesWritten } = await file.writev(batch)
  // A disk that is full takes what has room; only the next write says why.
  if (bytesWritten < bytesIn(batch)) await file.writeFile(Buffer.concat(batch).subarray(bytesWritten))
}

async function publish(temporary: string, root: string, path: string, attempt = 1): Promise<void> {
  const folder = await makeFolderInside(root, dirname(path))
  try {
    await rename(temporary, join(folder, basename(path)))
  } catch (error) {
    // Someone deleted the folder in between.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === MOST_ATTEMPTS) throw error
    return publish(temporary, root, path, attempt + 1)
  }
  await syncFolder(folder)
}

/** @returns the real path of the folder */
async function makeFolderInside(root: string, path: string): Promise<string> {
  await checkStaysInside(root, path)
  await makeFolder(join(root, path))
  const real = await findReal(root, path)
  if (real === undefined) throw Object.assign(new Error(`${path} is gone`), { code: 'ENOENT' })
  return real
}
