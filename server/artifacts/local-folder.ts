/** Making folders so that they are there after a crash too. */
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it; what is there already is left as it is, be it a folder or not. Node's own
 * recursive `mkdir` never returns where a file system refuses new folders as missing ones, /proc for one.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  if (await makeOne(path, mode)) return
  if (dirname(path) !== path) await makeFolder(dirname(path))
  if (!(await makeOne(path, mode))) throw Object.assign(new Error(`cannot make ${path}`), { code: 'ENOENT' })
}

/** A name is on disk only when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** @returns whether something is there now */
async function makeOne(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, mode)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return true
    if (code === 'ENOENT') return false
    throw error
  }
  await syncFolder(dirname(path))
  return true
}
