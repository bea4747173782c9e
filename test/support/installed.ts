/** What tests install for themselves, once, below `.cache/`. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export const REPOSITORY = join(import.meta.dirname, '../..')

/**
 * A folder below `.cache/<kind>/` that `install` has filled, at the first call of all test files. What is `wanted`
 * names the folder: something else is installed beside it.
 */
export async function installOnce(
  kind: string,
  wanted: Buffer,
  install: (folder: string) => Promise<void>,
): Promise<string> {
  const key = createHash('sha256').update(wanted).digest('hex').slice(0, 12)
  const folder = join(REPOSITORY, '.cache', kind, key)
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return folder
  await mkdir(join(REPOSITORY, '.cache', kind), { recursive: true })
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(complete)) return
    await rm(folder, { recursive: true, force: true })
    await install(folder)
    await writeFile(complete, '')
  })
  return folder
}

/** The end of what a program printed when it failed. */
export function lastLine({ message }: Error): string {
  return message.trim().split('\n').at(-1)?.slice(-500) ?? ''
}

/** Runs `work` while no other test process does; a lock whose holder has died is taken over. */
async function withLock(path: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      const lock = await open(path, 'wx')
      await lock.writeFile(String(process.pid))
      await lock.close()
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (!(await isHeld(path))) await rm(path, { force: true })
      else await delay(500)
    }
  }
  try {
    await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function isHeld(path: string): Promise<boolean> {
  try {
    const holder = Number(await readFile(path, 'utf8'))
    // Empty between its creation and its first write.
    return holder === 0 || process.kill(holder, 0)
  } catch {
    return false
  }
}
