/** PgBouncer before a cluster of PostgreSQL: like RDS Proxy it gives a connection to whoever has a transaction. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { unprivileged } from './database-process.ts'
import { query, uriOf } from './postgres.ts'
import { freePort } from './server-process.ts'

const PROGRAM = '/usr/sbin/pgbouncer'

/** Where there is none the reason is printed; in CI that is a failure. */
export function hasPgBouncer(): boolean {
  if (existsSync(PROGRAM)) return true
  const reason = 'no PgBouncer on this machine (apt-get install pgbouncer)'
  if (process.env.CI === 'true') throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return false
}

/** @returns its port; it opens two connections to a database at most */
export async function startPgBouncer(databasePort: number): Promise<number> {
  const folder = await temporaryFolder()
  const port = await freePort()
  const settings = join(folder, 'pgbouncer.ini')
  await writeFile(
    settings,
    [
      '[databases]',
      `* = host=127.0.0.1 port=${databasePort} user=trackyard`,
      '[pgbouncer]',
      `listen_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =`,
      'auth_type = any\npool_mode = transaction\ndefault_pool_size = 2',
    ].join('\n'),
  )
  const { uid, gid } = unprivileged('postgres')
  await chmod(folder, 0o755)
  if (uid !== undefined) await chown(folder, uid, gid as number)
  const child = spawn(PROGRAM, [settings], { cwd: folder, stdio: 'ignore', ...unprivileged('postgres') })
  onTestFinished(() => void child.kill('SIGKILL'))
  await expect.poll(() => query(uriOf(port, 'postgres'), 'select 1').catch(() => [])).toHaveLength(1)
  return port
}
