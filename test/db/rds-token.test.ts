import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openDatabase } from '../../server/db/index.ts'
import { DEFAULT_OPTIONS } from '../../server/db/postgres-pool.ts'
import { hasPostgres, query, startCluster, uriOf } from '../support/postgres.ts'
import { turnOnTls } from '../support/postgres-tls.ts'
import { startTokenJudge } from '../support/rds-iam.ts'
import { useAwsCredentials } from '../support/secrets-manager.ts'

// Clusters of their own start here.
vi.setConfig({ testTimeout: 60_000 })

const KEY = { id: 'AKIDTEST', secret: 'test-secret-key' }

/** The user `iam`, whose password PostgreSQL has judged elsewhere, and who may come in through TLS alone. */
async function rdsCluster() {
  const cluster = await startCluster()
  const admin = uriOf(cluster.port, 'postgres')
  await query(admin, 'create user iam')
  const judge = await startTokenJudge(KEY, 'iam', () => `127.0.0.1:${cluster.port}`)
  await turnOnTls(cluster)
  const asked = `ldap ldapserver=127.0.0.1 ldapport=${judge.port} ldapprefix="cn="`
  await writeFile(
    join(cluster.folder, 'data/pg_hba.conf'),
    `hostssl all iam all ${asked}\nhost all trackyard all trust\n`,
  )
  await query(admin, 'select pg_reload_conf()')
  await delay(200)
  return { uri: `postgresql://iam@127.0.0.1:${cluster.port}/postgres`, judge }
}

function open(uri: string) {
  const db = openDatabase(uri, { ...DEFAULT_OPTIONS, iamAuth: true })
  onTestFinished(() => db.destroy())
  return db
}

describe.skipIf(!hasPostgres())('tokens of RDS IAM authentication', () => {
  it('open connections: a new one, that is signed for this user and host, for each', async () => {
    useAwsCredentials()
    const { uri, judge } = await rdsCluster()
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const db = open(`${uri}?sslmode=require`)
    const backend = async (atMinute: number) => {
      vi.setSystemTime(Date.UTC(2030, 0, 1, 0, atMinute))
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)
      return rows[0]?.pid ?? 0
    }
    const first = await backend(0)
    // A connection that is open needs none, even when its token is no longer good.
    expect(await backend(20)).toBe(first)
    const admin = uri.replace('iam@', 'trackyard@')
    await query(admin, `select pg_terminate_backend(${first})`)
    await delay(200)
    expect(await backend(40)).not.toBe(first)
    expect(judge.seen.map(({ valid }) => valid)).toEqual([true, true])
    const times = judge.seen.map(({ token }) => /X-Amz-Date=(\w+)/.exec(token)?.[1])
    expect(times).toEqual(['20300101T000000Z', '20300101T004000Z'])
  })

  it('are refused by the database when another key signed them', async () => {
    useAwsCredentials()
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another-key')
    const { uri, judge } = await rdsCluster()
    await expect(sql`select 1`.execute(open(`${uri}?sslmode=require`))).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
    })
    expect(judge.seen.map(({ valid }) => valid)).toEqual([false])
  })

  it.each(['', '?sslmode=disable', '?sslmode=prefer'])('are not made without TLS: %j', async (parameters) => {
    const db = open(`postgresql://iam@127.0.0.1:1/postgres${parameters}`)
    await expect(sql`select 1`.execute(db)).rejects.toThrow(/IAM_AUTH needs TLS.*sslmode=verify-full/)
  })
})
