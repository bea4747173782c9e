/** A network between the server and its database that loses every packet, forgets connections, or leads elsewhere. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Kysely, sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../../server/db/index.ts'
import { DEFAULT_OPTIONS } from '../../server/db/postgres-pool.ts'
import { emptyMysqlDatabase, hasServer } from '../support/mysql.ts'
import { emptyDatabase, hasPostgres, startCluster, uriOf } from '../support/postgres.ts'

const AWAY = { code: 'TEMPORARILY_UNAVAILABLE' }

/** A port in front of a database, whose connections fall silent, or end, as a test says. */
async function networkTo(uri: string, statementMs = 20_000) {
  const open = new Set<Socket>()
  let target = new URL(uri)
  let endsAt: string | undefined
  const network = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => undefined).on('close', () => open.delete(socket))
    }
    near.pipe(far).pipe(near)
    near.on('data', (words) => {
      if (endsAt === undefined || !words.includes(endsAt)) return
      endsAt = undefined
      far.unpipe().once('data', () => {
        far.destroy()
        near.resetAndDestroy()
      })
      far.resume()
    })
  })
  await new Promise<void>((resolve) => network.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    network.close()
  })
  const through = new URL(uri)
  through.host = `127.0.0.1:${(network.address() as AddressInfo).port}`
  const db = openDatabase<Counted>(through.href, { ...DEFAULT_OPTIONS, statementMs, waitMs: 2_000 })
  onTestFinished(() => db.destroy())
  return {
    db,
    fallSilent: () => {
      for (const socket of open) socket.unpipe().pause()
    },
    /** As a firewall does with what was idle for long: the next that is sent is answered with a reset. */
    forget: () => {
      for (const socket of open)
        socket
          .unpipe()
          .on('data', () => socket.resetAndDestroy())
          .resume()
    },
    /** Lets the words of a client that hold these through, and ends the connection instead of an answer. */
    endAt: (words: string) => {
      endsAt = words
    },
    leadTo: (other: string) => {
      target = new URL(other)
      for (const socket of open) socket.destroy()
    },
  }
}

interface Counted {
  counted: { number: number }
}

const count = (db: Kysely<Counted>, number: number) =>
  db.insertInto('counted').values({ number }).executeTakeFirstOrThrow()

const numbers = (db: Kysely<Counted>) => db.selectFrom('counted').select('number').orderBy('number').execute()

describe.each([
  ['PostgreSQL', hasPostgres(), emptyDatabase],
  ['MariaDB', hasServer('MariaDB'), () => emptyMysqlDatabase('MariaDB')],
] as const)('a connection to %s', (_kind, isThere, database) => {
  const test = it.skipIf(!isThere)

  async function countedThrough() {
    const network = await networkTo(await database())
    await sql`create table counted (number integer)`.execute(network.db)
    return network
  }

  test('that was forgotten while it was idle costs nobody anything', async () => {
    const { db, forget } = await countedThrough()
    await Promise.all([1, 2, 3, 4].map((number) => count(db, number)))
    forget()
    await Promise.all([
      numbers(db),
      db.updateTable('counted').set({ number: 5 }).where('number', '=', 4).execute(),
      db.transaction().execute((tx) => count(tx, 6)),
      db.transaction().execute((tx) => count(tx, 7)),
    ])
    expect(await numbers(db)).toEqual([1, 2, 3, 5, 6, 7].map((number) => ({ number })))
  })

  test('that ends inside a transaction has it done anew, whole', async () => {
    const { db, endAt } = await countedThrough()
    endAt('number = 100')
    await db.transaction().execute(async (tx) => {
      await count(tx, 1)
      await tx.deleteFrom('counted').where(sql<boolean>`number = 100`).execute()
      await count(tx, 2)
    })
    expect(await numbers(db)).toEqual([{ number: 1 }, { number: 2 }])
  })

  test('that ends instead of the answer to a commit leaves it done once', async () => {
    const { db, endAt } = await countedThrough()
    endAt('commit')
    await expect(db.transaction().execute((tx) => count(tx, 1))).rejects.toMatchObject(AWAY)
    expect(await numbers(db)).toEqual([{ number: 1 }])
  })

  test('that ends is not replaced in silence where more than one query needs it', async () => {
    const { db, forget } = await countedThrough()
    const session = db.connection().execute(async (same) => {
      await numbers(same)
      forget()
      await numbers(same)
    })
    await expect(session).rejects.toMatchObject(AWAY)
  })
})

describe.skipIf(!hasPostgres())('a connection to PostgreSQL', () => {
  const serverOf = async (db: Kysely<Counted>) => {
    const { rows } = await sql<{ port: string }>`select current_setting('port') as port`.execute(db)
    return rows[0]?.port
  }

  it('that falls silent is given up on, and another serves the next', async () => {
    const uri = await emptyDatabase()
    const { db, fallSilent } = await networkTo(uri, 200)
    expect(await serverOf(db)).toBe(new URL(uri).port)
    fallSilent()
    await expect(serverOf(db)).rejects.toMatchObject(AWAY)
    expect(await serverOf(db)).toBe(new URL(uri).port)
  }, 20_000)

  it('that ends since its name leads to another machine is made anew to that one', async () => {
    const [before, after] = [await startCluster([]), await startCluster([])]
    const { db, leadTo } = await networkTo(uriOf(before.port, 'postgres'))
    expect(await serverOf(db)).toBe(String(before.port))
    leadTo(uriOf(after.port, 'postgres'))
    expect(await serverOf(db)).toBe(String(after.port))
  }, 20_000)
})
