/** Database servers of the machine's own programs, one a kind for a whole test run. */
import { existsSync, readFileSync } from 'node:fs'
import { open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** The port of the server in a folder, which the first of all test processes starts; the others wait for it. */
export async function startedOnce(folder: string, start: () => Promise<number>): Promise<number> {
  const ready = join(folder, 'ready')
  try {
    await (await open(join(folder, 'lock'), 'wx')).close()
  } catch {
    for (let waited = 0; waited < 60_000; waited += 50) {
      if (existsSync(ready)) return Number(await readFile(ready, 'utf8'))
      await delay(50)
    }
    throw new Error('another test process was to start the database server, and did not')
  }
  const port = await start()
  await writeFile(`${ready}.new`, String(port))
  await rename(`${ready}.new`, ready)
  return port
}

/** Who runs a database server, which refuses to run as root: its own user where there is one, or nobody. */
export function unprivileged(user: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const line = [user, 'nobody'].flatMap((name) => lines.filter((one) => one.startsWith(`${name}:`)))[0]
  const [, , uid, gid] = line?.split(':') ?? []
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
