/** A network between the server and PostgreSQL that loses every packet, or leads elsewhere all at once. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../../server/db/index.ts'
import { DEFAULT_OPTIONS } from '../../server/db/postgres-pool.ts'
import { hasPostgres, postgresDatabase, startCluster, uriOf } from '../support/postgres.ts'

/** A port in front of a database, whose connections fall silent, or end, as a test says. */
async function networkTo(uri: string) {
  const open = new Set<Socket>()
  let target = new URL(uri)
  const network = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => undefined).on('close', () => open.delete(socket))
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => network.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    network.close()
  })
  const through = new URL(uri)
  through.host = `127.0.0.1:${(network.address() as AddressInfo).port}`
  const db = openDatabase(through.href, { ...DEFAULT_OPTIONS, statementMs: 200, waitMs: 2_000 })
  onTestFinished(() => db.destroy())
  return {
    /** Port of the server that answers. */
    server: async () => {
      const { rows } = await sql<{ port: string }>`select current_setting('port') as port`.execute(db)
      return rows[0]?.port
    },
    fallSilent: () => {
      for (const socket of open) socket.unpipe().pause()
    },
    leadTo: (other: string) => {
      target = new URL(other)
      for (const socket of open) socket.destroy()
    },
  }
}

describe.skipIf(!hasPostgres())('a connection to PostgreSQL', () => {
  it('that falls silent is given up on, and another serves the next', async () => {
    const uri = await postgresDatabase()
    const { server, fallSilent } = await networkTo(uri)
    expect(await server()).toBe(new URL(uri).port)
    fallSilent()
    await expect(server()).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
    expect(await server()).toBe(new URL(uri).port)
  }, 20_000)

  it('that ends since its name leads to another machine is made anew to that one', async () => {
    const [before, after] = [await startCluster([]), await startCluster([])]
    const { server, leadTo } = await networkTo(uriOf(before.port, 'postgres'))
    expect(await server()).toBe(String(before.port))
    leadTo(uriOf(after.port, 'postgres'))
    await expect.poll(() => server().catch((error) => error.code)).toBe(String(after.port))
  }, 20_000)
})
