import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../server/db/index.ts'
import { migrate } from '../../server/db/migrate.ts'
import { temporaryFolder } from '../server/support.ts'
import { startTrackyard } from '../support/mlflow.ts'

const FOREIGN: Record<string, { make(path: string): Promise<void>; says: RegExp }> = {
  'of another program': {
    make: async (path) =>
      withDatabase(path, (db) => db.exec('CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES (1)')),
    says: /^trackyard: .*not MLflow's/,
  },
  'of another MLflow': {
    async make(path) {
      const db = openDatabase(`sqlite:///${path}`)
      await migrate(db)
      await db.destroy()
      withDatabase(path, (made) =>
        made.exec(
          "PRAGMA journal_mode = DELETE; DROP TABLE trackyard_webhook_outbox; UPDATE alembic_version SET version_num = '0123456789ab'",
        ),
      )
    },
    says: /^trackyard: .*revision 0123456789ab.*dc11669786a5.*mlflow db upgrade/,
  },
  'without a revision': {
    make: async (path) =>
      withDatabase(path, (db) => db.exec('CREATE TABLE alembic_version (version_num VARCHAR(32))')),
    says: /^trackyard: .*revision none/,
  },
  'that is no database': {
    make: (path) => writeFile(path, 'These are my notes, not a database.\n'.repeat(100)),
    says: /^trackyard: .*not a database/,
  },
}

describe('a database', () => {
  it.each(Object.entries(FOREIGN))(
    '%s is refused in one line and left as it is',
    async (_which, { make, says }) => {
      const folder = await temporaryFolder()
      await make(`${folder}/mlflow.db`)
      const before = await filesIn(folder)
      const refused = await startTrackyard({ folder }).catch((error: Error) => error)
      expect(refused).toBeInstanceOf(Error)
      const [ended, ...printed] = (refused as Error).message.trimEnd().split('\n')
      expect(ended).toBe('the server ended with 1:')
      expect(printed).toEqual([expect.stringMatching(says)])
      expect(await filesIn(folder)).toEqual(before)
    },
  )
})

function withDatabase(path: string, use: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(path)
  use(db)
  db.close()
}

/** Every database file in the folder with a hash of its bytes: a journal left behind counts as a change. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('mlflow.db')).sort()
  const hashed = names.map(async (name) => [
    name,
    createHash('sha256')
      .update(await readFile(`${folder}/${name}`))
      .digest('hex'),
  ])
  return Object.fromEntries(await Promise.all(hashed))
}
