/** The folders a server writes to: whether it may, and whether their disks have room. */
import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { localFolder } from '../artifacts/local-path.ts'
import { isLocal, schemeOf } from '../artifacts/location.ts'
import type { Config } from '../config.ts'
import { parseDatabaseUri } from '../db/uri.ts'
import { type Finding, failed, ok, skipped, warning } from './finding.ts'
import type { Inside } from './inside.ts'

const MIB = 1024 * 1024
/** An upload waits on the disk until it is whole, and SQLite writes everything twice. */
const LEAST_MIB = 100
/** From here on there is time to act, but not much. */
const FEW_MIB = 1024
const FEW_SHARE = 0.1

const MAKE_ROOM =
  'make room (trackyard gc --delete removes what was deleted), or give the volume a larger disk'

export async function checkFolders({ config }: Inside): Promise<Finding> {
  const folders = foldersOf(config)
  if (folders.length === 0) return skipped('nothing is kept on this machine')
  for (const folder of folders) {
    const problem = await whyNotWritable(await nearest(folder))
    if (problem) return problem
  }
  return ok(`${folders.join(' and ')} can be written`)
}

async function whyNotWritable(folder: string): Promise<Finding | undefined> {
  if (!(await stat(folder)).isDirectory())
    return failed(`${folder} is no folder`, 'move that file away, or name another folder')
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) =>
      failed(
        `user ${process.getuid?.()} cannot write to ${folder} (${error.code})`,
        error.code === 'EROFS'
          ? 'mount its volume for writing'
          : 'chown it to that user; the containers of the servers run as 50000:50000',
      ),
  )
}

export async function checkDiskSpace({ config }: Inside): Promise<Finding> {
  const disks = await Promise.all(foldersOf(config).map(roomIn))
  const [least] = disks.sort((a, b) => a.freeMib - b.freeMib)
  if (!least) return skipped('nothing is kept on this machine')
  const found = `${least.freeMib} MiB free for ${least.folder}, ${Math.round(least.share * 100)} % of its disk`
  if (least.freeMib < LEAST_MIB) return failed(found, MAKE_ROOM)
  return least.freeMib < FEW_MIB || least.share < FEW_SHARE ? warning(found, MAKE_ROOM) : ok(found)
}

async function roomIn(folder: string): Promise<{ folder: string; freeMib: number; share: number }> {
  const { bavail, bsize, blocks } = await statfs(await nearest(folder))
  return { folder, freeMib: Math.floor((bavail * bsize) / MIB), share: bavail / blocks }
}

function foldersOf({ backendStoreUri, artifactsDestination }: Config): string[] {
  const database = parseDatabaseUri(backendStoreUri)
  const folders = [
    ...(database.dialect === 'sqlite' && database.path ? [dirname(resolve(database.path))] : []),
    ...(isLocal(schemeOf(artifactsDestination)) ? [localFolder(artifactsDestination)] : []),
  ]
  return [...new Set(folders)]
}

/** The folder itself, or the one that it would be made in. */
async function nearest(folder: string): Promise<string> {
  const isThere = await access(folder, constants.F_OK).then(
    () => true,
    () => false,
  )
  return isThere || dirname(folder) === folder ? folder : nearest(dirname(folder))
}
