/** Another process that writes to a SQLite database for a while. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const SCRIPT = `
const { DatabaseSync } = require('node:sqlite')
const db = new DatabaseSync(process.argv[1])
db.exec('BEGIN IMMEDIATE')
process.stdout.write('held')
setTimeout(() => { db.exec('COMMIT'); db.close() }, Number(process.argv[2]))
`

/** Resolves when the other process holds the lock; `released` when it has let go. */
export async function holdWriteLock(path: string, ms: number): Promise<{ released: Promise<unknown> }> {
  const child = spawn(process.execPath, ['-e', SCRIPT, path, String(ms)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const released = once(child, 'exit')
  await once(child.stdout, 'data')
  return { released }
}
