import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Finding, failed, ok, skipped } from './finding.ts'
import type { Inside } from './inside.ts'

const HOUR_MS = 3600 * 1000
/** One a day, and time to make it. */
const MOST_HOURS = 26

const LOOK =
  'see the log of what makes them (docker compose logs backup), then make one: make backup TIER=team'

/** The age of the newest file or folder, but of those that are not whole yet. */
export async function checkBackups({ backups }: Inside): Promise<Finding> {
  if (!backups) return skipped('no folder given: --backups FOLDER')
  const names = (await readdir(backups)).filter((name) => !/^\.|partial|\.new$/.test(name))
  const times = await Promise.all(names.map(async (name) => (await stat(join(backups, name))).mtimeMs))
  if (times.length === 0) return failed(`no backup in ${backups}`, LOOK)
  const hours = Math.floor((Date.now() - Math.max(...times)) / HOUR_MS)
  const found = `${times.length} in ${backups}, the newest ${hours} hours old`
  return hours < MOST_HOURS ? ok(found) : failed(found, LOOK)
}
