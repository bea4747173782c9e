import { stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Db, openDatabase } from '../../server/db/index.ts'
import { migrate } from '../../server/db/migrate.ts'
import { temporaryFolder } from '../server/support.ts'
import { holdWriteLock } from './lock-holder.ts'

async function openEmpty(): Promise<{ db: Db; path: string }> {
  const path = `${await temporaryFolder()}/mlflow.db`
  const db = openDatabase(`sqlite:///${path}`)
  onTestFinished(() => db.destroy())
  await migrate(db)
  return { db, path }
}

/** The names in `workspaces` but for the one that is always there, as another process would see them. */
function namesOnDisk(path: string): string[] {
  const other = new DatabaseSync(path, { readOnly: true })
  try {
    const rows = other.prepare("SELECT name FROM workspaces WHERE name <> 'default' ORDER BY name").all()
    return rows.map(({ name }) => String(name))
  } finally {
    other.close()
  }
}

const add = (db: Db, name: string) => db.insertInto('workspaces').values({ name }).execute()

describe('SQLite', () => {
  it('acknowledges a write when it is committed, to be seen by any other process', async () => {
    const { db, path } = await openEmpty()
    await add(db, 'a')
    expect(namesOnDisk(path)).toEqual(['a'])
    await Promise.all(
      ['b', 'c', 'd'].map((name) => add(db, name).then(() => expect(namesOnDisk(path)).toContain(name))),
    )
  })

  it('waits for the disk at every commit, and lets readers go past a writer', async () => {
    const { db } = await openEmpty()
    const pragmas = await db
      .transaction()
      .execute(async (tx) => [
        (await sql<{ synchronous: number }>`PRAGMA synchronous`.execute(tx)).rows[0],
        (await sql<{ journal_mode: string }>`PRAGMA journal_mode`.execute(tx)).rows[0],
        (await sql<{ foreign_keys: number }>`PRAGMA foreign_keys`.execute(tx)).rows[0],
      ])
    expect(pragmas).toEqual([{ synchronous: 2 }, { journal_mode: 'wal' }, { foreign_keys: 1 }])
  })

  it('rolls back a failing transaction alone among fifty that share commits', async () => {
    const { db, path } = await openEmpty()
    const names = Array.from({ length: 50 }, (_, at) => `w${String(at).padStart(2, '0')}`)
    const outcomes = await Promise.allSettled(
      names.map((name, at) =>
        db.transaction().execute(async (tx) => {
          await add(tx, name)
          await add(tx, `${name}-second`)
          if (at === 25) throw new Error('no')
        }),
      ),
    )
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    const expected = names.filter((_, at) => at !== 25).flatMap((name) => [name, `${name}-second`])
    expect(namesOnDisk(path)).toEqual(expected)
  })

  it('commits writes that come together together', async () => {
    const { db, path } = await openEmpty()
    const other = new DatabaseSync(path)
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    other.close()
    await Promise.all(Array.from({ length: 100 }, (_, at) => add(db, `w${at}`)))
    // A commit writes each page that it changed once: a hundred commits would write a hundred pages at least.
    const pagesWritten = (await stat(`${path}-wal`)).size / 4096
    expect(pagesWritten).toBeGreaterThan(0)
    expect(pagesWritten).toBeLessThan(50)
  })

  it('keeps the others when a statement of one breaks a constraint', async () => {
    const { db, path } = await openEmpty()
    const outcomes = await Promise.allSettled(['a', 'b', 'a', 'c'].map((name) => add(db, name)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(namesOnDisk(path)).toEqual(['a', 'b', 'c'])
  })

  it('writes all of a transaction or nothing', async () => {
    const { db, path } = await openEmpty()
    const failing = db.transaction().execute(async (tx) => {
      await add(tx, 'a')
      await add(tx, 'a')
    })
    await expect(failing).rejects.toThrow(/UNIQUE/)
    expect(namesOnDisk(path)).toEqual([])
    await add(db, 'after')
    expect(namesOnDisk(path)).toEqual(['after'])
  })

  it('shows a reader nothing of a transaction that is under way', async () => {
    const { db } = await openEmpty()
    const count = async () => (await db.selectFrom('workspaces').select('name').execute()).length
    const seen = await db.transaction().execute(async (tx) => {
      await add(tx, 'a')
      const inside = (await tx.selectFrom('workspaces').select('name').execute()).length
      return { inside, outside: await count() }
    })
    expect(seen).toEqual({ inside: 2, outside: 1 })
    expect(await count()).toBe(2)
  })

  it.each([2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 5])(
    'gives the int64 %s back as it was',
    async (time) => {
      const { db } = await openEmpty()
      const values = { name: 'e', lifecycle_stage: 'active', workspace: 'default', creation_time: time }
      await db.insertInto('experiments').values(values).execute()
      const row = await db
        .selectFrom('experiments')
        .select(['creation_time', 'experiment_id'])
        .executeTakeFirst()
      expect(row).toEqual({ creation_time: time, experiment_id: 1 })
    },
  )

  it('waits while another process holds the database, and answers reads meanwhile', async () => {
    const { db, path } = await openEmpty()
    const holder = await holdWriteLock(path, 1_000)
    let isWritten = false
    const writing = add(db, 'late').then(() => {
      isWritten = true
    })
    await delay(100)
    expect(await db.selectFrom('workspaces').select('name').execute()).toEqual([{ name: 'default' }])
    expect(isWritten).toBe(false)
    await Promise.all([writing, holder.released])
    expect(namesOnDisk(path)).toEqual(['late'])
  })

  it('works in memory, with transactions and reads in turn', async () => {
    const db = openDatabase('sqlite://')
    onTestFinished(() => db.destroy())
    expect(await migrate(db)).toBe('created')
    await Promise.allSettled([
      add(db, 'a'),
      db.transaction().execute(async (tx) => {
        await add(tx, 'b')
        throw new Error('no')
      }),
      add(db, 'c'),
    ])
    const rows = await db.selectFrom('workspaces').select('name').orderBy('name').execute()
    expect(rows.map(({ name }) => name)).toEqual(['a', 'c', 'default'])
  })
})
