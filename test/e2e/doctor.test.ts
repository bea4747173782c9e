/** `trackyard doctor` on stacks that are well and on stacks that are broken, each for real. */
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { unprivileged } from '../support/database-process.ts'
import { REPOSITORY, startTrackyard } from '../support/mlflow.ts'
import { hasPostgres, postgresDatabase, query, startCluster, uriOf } from '../support/postgres.ts'
import { freePort, inherited } from '../support/server-process.ts'

const isRoot = process.getuid?.() === 0

interface Report {
  readonly check: string
  readonly outcome: string
  readonly found: string
  readonly advice?: string
}

describe('trackyard doctor --url', { timeout: 60_000 }, () => {
  it('finds nothing wrong with a server that is well, and leaves nothing behind', async () => {
    const folder = await temporaryFolder()
    const server = await started(folder)
    const { code, reports } = await doctor(['--url', server])
    expect(outcomesOf(reports)).toEqual({
      reachable: 'ok',
      certificate: 'skipped',
      version: 'ok',
      stores: 'ok',
      'host name': 'ok',
      login: 'ok',
      clock: 'ok',
      artifacts: 'ok',
    })
    expect(code).toBe(0)
    const listed = await fetch(`${server}/api/2.0/mlflow-artifacts/artifacts?path=0`)
    expect(await listed.json()).toEqual({})
  })

  it('says that nobody listens, and asks nothing more', async () => {
    const { code, reports } = await doctor(['--url', `http://127.0.0.1:${await freePort()}`])
    expect(code).toBe(1)
    expect(find(reports, 'reachable')).toMatchObject({
      outcome: 'failed',
      found: expect.stringMatching(/ECONNREFUSED/),
      advice: expect.stringMatching(/start the server/),
    })
    expect(reports.filter(({ outcome }) => outcome !== 'skipped')).toHaveLength(1)
  })

  it('says which setting lets the server answer to a name', async () => {
    const server = await started(await temporaryFolder(), {
      MLFLOW_SERVER_ALLOWED_HOSTS: 'mlflow.example.com',
    })
    const { reports } = await doctor(['--url', server])
    expect(find(reports, 'host name')).toMatchObject({
      outcome: 'failed',
      advice: expect.stringMatching(/MLFLOW_SERVER_ALLOWED_HOSTS/),
    })
  })

  it('tells a login without credentials from one that refuses them', async () => {
    const folder = await temporaryFolder()
    const password = 'a password of administrators'
    const server = await started(folder, {
      MLFLOW_APP_NAME: 'basic-auth',
      TRACKYARD_AUTH_DATABASE_URI: `sqlite:///${join(folder, 'users.db')}`,
      MLFLOW_AUTH_ADMIN_PASSWORD: password,
    })
    const as = async (credentials: Record<string, string>) =>
      find((await doctor(['--url', server], credentials)).reports, 'login')
    const name = { MLFLOW_TRACKING_USERNAME: 'admin' }
    expect(await as({})).toMatchObject({
      outcome: 'failed',
      advice: expect.stringMatching(/^set MLFLOW_TRACKING_USERNAME/),
    })
    const refused = await as({ ...name, MLFLOW_TRACKING_PASSWORD: 'wr0ng-password' })
    expect(refused).toMatchObject({ outcome: 'failed', advice: expect.stringMatching(/^correct /) })
    expect(JSON.stringify(refused)).not.toContain('wr0ng')
    expect((await as({ ...name, MLFLOW_TRACKING_PASSWORD: password })).outcome).toBe('ok')
  })

  it('notices a clock that is wrong', async () => {
    const server = await started(await temporaryFolder())
    const late = await listening(
      createServer((incoming, outgoing) => {
        const { method, url, headers } = incoming
        const onward = request(server + url, { method, headers }, (answer) => {
          const date = new Date(Date.now() - 600_000).toUTCString()
          outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, date })
          answer.pipe(outgoing)
        })
        incoming.pipe(onward)
      }),
    )
    const { code, reports } = await doctor(['--url', `http://127.0.0.1:${late}`])
    expect(find(reports, 'clock')).toMatchObject({
      outcome: 'failed',
      found: expect.stringMatching(/600 s ahead/),
      advice: expect.stringMatching(/NTP/),
    })
    expect(find(reports, 'artifacts').outcome).toBe('ok')
    expect(code).toBe(1)
  })

  it('tells an unknown authority from a certificate that ends soon', async () => {
    const folder = await temporaryFolder()
    const files = [join(folder, 'key.pem'), join(folder, 'certificate.pem')] as const
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-days', '10', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', files[0], '-out', files[1]],
    ])
    const [key, cert] = await Promise.all(files.map((file) => readFile(file)))
    const port = await listening(
      createTlsServer({ key, cert }, (_incoming, outgoing) => void outgoing.end('OK')),
    )
    const url = `https://localhost:${port}`
    const strange = await doctor(['--url', url])
    expect(find(strange.reports, 'reachable')).toMatchObject({
      outcome: 'failed',
      advice: expect.stringMatching(/MLFLOW_TRACKING_SERVER_CERT_PATH/),
    })
    const known = await doctor(['--url', url], { MLFLOW_TRACKING_SERVER_CERT_PATH: files[1] })
    expect(find(known.reports, 'certificate')).toMatchObject({
      outcome: 'warning',
      found: expect.stringMatching(/\b9 days/),
      advice: expect.stringMatching(/renew/),
    })
    expect(find(known.reports, 'version')).toMatchObject({
      outcome: 'failed',
      advice: expect.stringMatching(/no MLflow server/),
    })
  })

  it('takes no password on its command line', async () => {
    const { code, stderr } = await doctor(['--url', 'http://admin:secret@127.0.0.1:5000'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/MLFLOW_TRACKING_PASSWORD/)
    expect(stderr).not.toContain('secret@')
  })
})

describe('trackyard doctor', { timeout: 60_000 }, () => {
  it('finds nothing wrong with the environment of a server that runs', async () => {
    const folder = await temporaryFolder()
    const server = await started(folder)
    const { code, reports } = await doctor([], { ...storesIn(folder), MLFLOW_PORT: new URL(server).port })
    expect(outcomesOf(reports)).toMatchObject({
      port: 'ok',
      folders: 'ok',
      database: 'ok',
      revision: 'ok',
      size: 'ok',
      connections: 'skipped',
      clock: 'skipped',
      artifacts: 'ok',
      backups: 'skipped',
    })
    expect(code).toBe(0)
  })

  it('reads as text what it says as JSON', async () => {
    const { stdout } = await doctor([], storesIn(await temporaryFolder()), { json: false })
    expect(stdout).toMatch(/^skipped {2}database {5}.*the first start makes it$/m)
    expect(stdout).toMatch(/^ {22}do: start the server/m)
  })

  it('says every setting that is wrong', async () => {
    const { code, reports } = await doctor([], { MLFLOW_PORT: '70000', MLFLOW_WORKERS: 'many' })
    expect(code).toBe(1)
    expect(reports.map(({ check, found }) => [check, found.split('=')[0]])).toEqual([
      ['settings', 'MLFLOW_PORT'],
      ['settings', 'MLFLOW_WORKERS'],
    ])
  })

  it('says that another program has the port', async () => {
    const port = await listening(createTcpServer((socket) => socket.end('what?\n')))
    const { code, reports } = await doctor([], {
      ...storesIn(await temporaryFolder()),
      MLFLOW_PORT: `${port}`,
    })
    expect(find(reports, 'port')).toMatchObject({
      outcome: 'failed',
      advice: expect.stringMatching(/ss -ltnp .*MLFLOW_PORT/),
    })
    expect(code).toBe(1)
  })

  it('tells another revision and what changes it, and changes nothing', async () => {
    const folder = await temporaryFolder()
    await started(folder)
    const database = new DatabaseSync(join(folder, 'mlflow.db'))
    database.exec("update alembic_version set version_num = '000000000000'")
    const { reports } = await doctor([], storesIn(folder))
    expect(find(reports, 'revision')).toMatchObject({
      outcome: 'failed',
      found: expect.stringMatching(/revision 000000000000/),
      advice: expect.stringMatching(/db upgrade/),
    })
    expect(database.prepare('select version_num from alembic_version').get()).toEqual({
      version_num: '000000000000',
    })
    database.close()
  })

  it('says that a file is no database', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'mlflow.db'), 'x'.repeat(8192))
    const { reports } = await doctor([], storesIn(folder))
    expect(find(reports, 'database')).toMatchObject({
      outcome: 'failed',
      advice: expect.stringMatching(/restore a backup/),
    })
    expect(find(reports, 'revision').outcome).toBe('skipped')
  })

  it('says who cannot write to a folder', async () => {
    const folder = await temporaryFolder()
    await chmod(folder, 0o755)
    if (!isRoot) await chmod(folder, 0o555)
    const { code, reports } = await doctor([], storesIn(folder), { asNobody: true })
    expect(find(reports, 'folders')).toMatchObject({
      outcome: 'failed',
      found: expect.stringMatching(/cannot write to .*EACCES/),
      advice: expect.stringMatching(/chown/),
    })
    expect(find(reports, 'artifacts').outcome).toBe('failed')
    expect(code).toBe(1)
    await chmod(folder, 0o755)
  })

  it.skipIf(!isRoot)('says that a disk is full', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'artifacts'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40k', 'tmpfs', join(folder, 'artifacts')])
    onTestFinished(() => void execFileSync('umount', [join(folder, 'artifacts')]))
    const { reports } = await doctor([], storesIn(folder))
    expect(find(reports, 'disk space')).toMatchObject({
      outcome: 'failed',
      found: expect.stringMatching(/^0 MiB free/),
      advice: expect.stringMatching(/gc/),
    })
    expect(find(reports, 'artifacts')).toMatchObject({
      outcome: 'failed',
      advice: expect.stringMatching(/disk is full/),
    })
  })

  it('knows an old backup from a new one', async () => {
    const folder = await temporaryFolder()
    const backups = join(folder, 'backups')
    await mkdir(join(backups, 'partial'), { recursive: true })
    const run = async () => find((await doctor(['--backups', backups], storesIn(folder))).reports, 'backups')
    expect(await run()).toMatchObject({ outcome: 'failed', found: expect.stringMatching(/^no backup/) })
    await mkdir(join(backups, '2026-01-01T000000Z'))
    expect((await run()).outcome).toBe('ok')
    const old = Date.now() / 1000 - 30 * 3600
    await utimes(join(backups, '2026-01-01T000000Z'), old, old)
    expect(await run()).toMatchObject({
      outcome: 'failed',
      found: expect.stringMatching(/30 hours old/),
      advice: expect.stringMatching(/make backup/),
    })
  })

  describe.skipIf(!hasPostgres())('on PostgreSQL', () => {
    it('says version, size, connections and clock', async () => {
      const uri = await postgresDatabase()
      const { reports } = await doctor([], {
        ...storesIn(await temporaryFolder()),
        MLFLOW_BACKEND_STORE_URI: uri,
      })
      expect(find(reports, 'database')).toMatchObject({
        outcome: 'ok',
        found: expect.stringMatching(/PostgreSQL \d+/),
      })
      expect(find(reports, 'size').found).toMatch(/^\d+\.\d\d GiB$/)
      expect(find(reports, 'connections').found).toMatch(/^\d+ of \d+ are open$/)
      expect(outcomesOf(reports)).toMatchObject({ revision: 'ok', clock: 'ok', artifacts: 'ok' })
    })

    it('tells a wrong password from a database that is missing or away', async () => {
      const cluster = await startCluster(['password_encryption=scram-sha-256'])
      const admin = uriOf(cluster.port, 'postgres')
      await query(admin, "create user reader password 'right'")
      const rules = 'host all reader all scram-sha-256\nhost all all all trust\n'
      await writeFile(join(cluster.folder, 'data/pg_hba.conf'), rules)
      await query(admin, 'select pg_reload_conf()')
      const password = join(await temporaryFolder(), 'password')
      await writeFile(password, 'wr0ng-password')
      const on = async (MLFLOW_BACKEND_STORE_URI: string, more = {}) =>
        find((await doctor([], { MLFLOW_BACKEND_STORE_URI, ...more })).reports, 'database')
      const as = `postgresql://reader@127.0.0.1:${cluster.port}/postgres`
      const refused = await on(as, { TRACKYARD_DATABASE_PASSWORD_FILE: password })
      expect(refused).toMatchObject({ outcome: 'failed', advice: expect.stringMatching(/password is wrong/) })
      expect(JSON.stringify(refused)).not.toContain('wr0ng')
      expect(await on(uriOf(cluster.port, 'missing'))).toMatchObject({
        outcome: 'failed',
        advice: expect.stringMatching(/create the database/),
      })
      await cluster.stop()
      expect(await on(admin)).toMatchObject({
        outcome: 'failed',
        advice: expect.stringMatching(/start the database/),
      })
    })
  })
})

interface Run {
  /** @default true */
  readonly json?: boolean
  /** @default false */
  readonly asNobody?: boolean
}

async function doctor(args: readonly string[], environment: Record<string, string> = {}, how: Run = {}) {
  const { json = true, asNobody = false } = how
  const cwd = await temporaryFolder()
  await chmod(cwd, 0o755)
  const outcome = await promisify(execFile)(
    join(REPOSITORY, 'bin/trackyard'),
    ['doctor', ...args, ...(json ? ['--json'] : [])],
    {
      cwd,
      // Nobody can keep no compiled modules beside the packages.
      env: { ...inherited(), NODE_COMPILE_CACHE: '', ...environment },
      ...(asNobody && unprivileged('nobody')),
    },
  ).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
  const reports: Report[] = json && outcome.stdout ? JSON.parse(outcome.stdout) : []
  return { ...outcome, reports }
}

function find(reports: readonly Report[], check: string): Report {
  const report = reports.find((one) => one.check === check)
  if (!report) throw new Error(`no ${check} in ${JSON.stringify(reports)}`)
  return report
}

function outcomesOf(reports: readonly Report[]): Record<string, string> {
  return Object.fromEntries(reports.map(({ check, outcome }) => [check, outcome]))
}

function storesIn(folder: string): Record<string, string> {
  return {
    MLFLOW_BACKEND_STORE_URI: `sqlite:///${join(folder, 'mlflow.db')}`,
    MLFLOW_ARTIFACTS_DESTINATION: join(folder, 'artifacts'),
  }
}

/** A server of this checkout. @returns its URL */
async function started(folder: string, environment: Record<string, string> = {}): Promise<string> {
  const server = await startTrackyard({ folder, environment })
  onTestFinished(() => server.stop())
  return server.url
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}
