import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { prepare as runPrepare } from '../../server/prepare.ts'
import { call, temporaryFolder, testContext } from '../server/support.ts'
import { REPOSITORY } from '../support/installed.ts'
import { hasPostgres, openCluster, query, uriOf } from '../support/postgres.ts'
import { startSecretsManager } from '../support/secrets-manager.ts'

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:servers-AbCdEf'

/** As RDS makes its master user, who is no superuser. */
const MASTER = { TRACKYARD_DATABASE_ADMIN_USER: 'master', TRACKYARD_DATABASE_ADMIN_PASSWORD: 'of master' }

describe.skipIf(!hasPostgres())('trackyard db prepare', () => {
  let cluster: Awaited<ReturnType<typeof openCluster>>
  let admin: string
  let version: number
  let made = 0

  beforeAll(async () => {
    cluster = await openCluster([
      'log_statement=all',
      'logging_collector=on',
      'password_encryption=scram-sha-256',
      'log_filename=statements',
    ])
    admin = uriOf(cluster.port, 'postgres')
    await query(admin, "create role master login createdb createrole password 'of master'")
    const [row] = await query(admin, "select current_setting('server_version_num')::int as version")
    version = row?.version as number
    await writeFile(
      join(cluster.folder, 'data/pg_hba.conf'),
      'host all trackyard all trust\nhost all all all scram-sha-256\n',
    )
    await query(admin, 'select pg_reload_conf()')
  })

  afterAll(() => cluster?.remove())

  /** Names of a test alone, and the URIs that the role's servers have. */
  function stack(password = 'first') {
    const role = `servers-${++made}`
    const database = `runs-${made}`
    const uri = (name: string, as = role, secret = password) =>
      `postgresql://${as}:${encodeURIComponent(secret)}@127.0.0.1:${cluster.port}/${name}`
    const runs = uri(database)
    const users = uri(`${database}-users`)
    return {
      ...{ role, database, uri, runs, users },
      environment: { MLFLOW_BACKEND_STORE_URI: runs, TRACKYARD_AUTH_DATABASE_URI: users },
    }
  }

  it('makes a role that may log in, and databases that are its own', async () => {
    const { role, database, uri, runs, users, environment } = stack()
    expect(await prepare(environment)).toEqual({
      ends: 'well',
      text: `database ${database} of ${role}: created\ndatabase ${database}-users of ${role}: created\n`,
    })
    const login = ['basic'] as const
    const settings = { backendStoreUri: runs, authDatabaseUri: users, login }
    const context = await testContext({ ...settings, authAdminPassword: 'a long password' })
    const { status } = await call(buildApp(context), 'POST', 'experiments/create', { name: 'e' })
    expect(status).toBe(401)

    expect(await attempt(runs, 'create database more')).toMatch(/permission denied/)
    expect(await attempt(runs, 'create role more')).toMatch(/permission denied/)
    await query(admin, `create role "passer-by-${made}" login password 'x'`)
    for (const name of [database, `${database}-users`]) {
      expect(await attempt(uri(name, `passer-by-${made}`, 'x'), 'select 1')).toMatch(/permission denied for/)
    }
  })

  it('changes nothing the second time but the password, which is in no statement', async () => {
    const { role, database, uri, environment } = stack('first-secret')
    await prepare(environment)
    const runs = uri(database, role, "sec'ond-secret")
    const { ends, text } = await prepare({ MLFLOW_BACKEND_STORE_URI: runs })
    expect([ends, text]).toEqual(['well', `database ${database} of ${role}: there already\n`])
    expect(await attempt(runs, 'select 1')).toBe('done')
    expect(await attempt(environment.MLFLOW_BACKEND_STORE_URI, 'select 1')).toMatch(/authentication failed/)
    const log = await readFile(join(cluster.folder, 'data/log/statements'), 'utf8')
    expect(log).toContain(`alter role "${role}" password 'SCRAM-SHA-256$`)
    expect(log).not.toMatch(/(first|ond)-secret/)
  })

  it('is a command of the image', async () => {
    const { database, role, environment } = stack()
    const args = [join(REPOSITORY, 'server/cli.ts'), 'db', 'prepare']
    const env = { ...process.env, ...MASTER, ...environment }
    const { stdout } = await promisify(execFile)(process.execPath, args, { env })
    expect(stdout).toContain(`database ${database} of ${role}: created\n`)
  })

  it("reads the administrator's password from a file, and gives each database to the role of its URI", async () => {
    const { database, runs, uri } = stack()
    const users = uri(`${database}-users`, `users-${made}`)
    const file = join(await temporaryFolder(), 'administrator.password')
    await writeFile(file, 'of master\n')
    const administrator = {
      TRACKYARD_DATABASE_ADMIN_PASSWORD: '',
      TRACKYARD_DATABASE_ADMIN_PASSWORD_FILE: file,
    }
    const both = { MLFLOW_BACKEND_STORE_URI: runs, TRACKYARD_AUTH_DATABASE_URI: users, ...administrator }
    expect(await prepare(both)).toMatchObject({ ends: 'well' })
    expect(await attempt(users, 'create table mine (id int)')).toBe('done')
    expect(await attempt(uri(`${database}-users`), 'select 1')).toMatch(/permission denied for/)
    expect(await attempt(uri(database, `users-${made}`), 'select 1')).toMatch(/permission denied for/)
    const gone = { ...both, TRACKYARD_DATABASE_ADMIN_PASSWORD_FILE: `${file}.gone` }
    expect((await prepare(gone)).text).toMatch(/^TRACKYARD_DATABASE_ADMIN_PASSWORD_FILE: ENOENT/)
  })

  it('may run several times at once', async () => {
    const { environment, runs } = stack()
    const all = await Promise.all([1, 2, 3].map(() => prepare(environment)))
    expect(all.map(({ ends }) => ends)).toEqual(['well', 'well', 'well'])
    expect(await attempt(runs, 'select 1')).toBe('done')
  })

  it('leaves the administrator without the rights of the role', async () => {
    const { role, environment } = stack()
    await prepare(environment)
    expect(
      await query(
        admin,
        "select pg_has_role('master', $1, 'usage') as uses, rolsuper from pg_roles where rolname = $1",
        [role],
      ),
    ).toEqual([{ uses: false, rolsuper: false }])
  })

  it('takes over a database of an older owner with what is in it', async () => {
    const { role, database, uri, runs, environment } = stack()
    await query(uri('postgres', 'master', 'of master'), `create database "${database}"`)
    const older = uri(database, 'master', 'of master')
    await query(older, 'create table kept (id serial primary key)')
    await query(older, 'insert into kept default values')
    await query(older, 'create view seen as select * from kept')
    expect((await prepare(environment)).text).toContain(`database ${database} of ${role}: taken over\n`)
    expect(await attempt(runs, 'insert into kept default values')).toBe('done')
    expect(await query(runs, 'select count(*)::int as kept from seen')).toEqual([{ kept: 2 }])
    expect(await attempt(runs, 'alter table kept add column more text')).toBe('done')
  })

  it('leaves a database alone whose owner the administrator cannot answer for', async () => {
    const { database, uri, environment } = stack()
    await query(admin, `create database "${database}"`)
    const older = uriOf(cluster.port, database)
    await query(older, 'create table kept (id serial primary key)')
    const { ends, text } = await prepare(environment)
    expect([ends, text]).toEqual(['badly', expect.stringMatching(/^as master on 127.0.0.1: must be owner/)])
    expect(await query(older, "select tableowner from pg_tables where tablename = 'kept'")).toEqual([
      { tableowner: 'trackyard' },
    ])
    expect(await attempt(uri(database, 'master', 'of master'), 'select 1')).toBe('done')
  })

  it('takes the password of the role from where the servers do', async () => {
    const { role, database, runs } = stack('from the secret')
    await startSecretsManager(SECRET, JSON.stringify({ username: role, password: 'from the secret' }))
    const bare = `postgresql://127.0.0.1:${cluster.port}/${database}`
    const { ends } = await prepare({ MLFLOW_BACKEND_STORE_URI: bare, TRACKYARD_DATABASE_SECRET: SECRET })
    expect(ends).toBe('well')
    expect(await attempt(runs, 'select 1')).toBe('done')
  })

  it('lets a role in by tokens of IAM and nothing else, and does not lock the administrator out', async () => {
    const { role, database, uri, runs, environment } = stack()
    await prepare(environment)
    const tokens = {
      MLFLOW_BACKEND_STORE_URI: `postgresql://${role}@127.0.0.1:${cluster.port}/${database}`,
      TRACKYARD_DATABASE_IAM_AUTH: 'true',
    }
    expect((await prepare(tokens)).text).toMatch(/there is no role rds_iam: turn on IAM authentication/)

    await query(admin, 'create role rds_iam')
    // Before that version whoever makes roles may grant any.
    const asOnRds = 'grant rds_iam to master with admin true, inherit false, set false'
    if (version >= 160000) await query(admin, asOnRds)
    const membership = async (of: string) =>
      (await query(admin, "select pg_has_role($1, 'rds_iam', 'usage') as has", [of]))[0]?.has
    for (const round of [1, 2]) {
      expect(await prepare(tokens), `round ${round}`).toMatchObject({ ends: 'well' })
      expect([await membership(role), await membership('master')]).toEqual([true, false])
    }
    expect(await attempt(runs, 'select 1')).toMatch(/authentication failed/)

    await query(admin, `grant connect on database "${database}" to public`)
    expect(await prepare(environment)).toMatchObject({ ends: 'well' })
    expect([await membership(role), await membership('master')]).toEqual([false, false])
    expect(await attempt(uri(database), 'select 1')).toBe('done')
    await query(admin, 'drop role rds_iam')
  })

  it('never locks the administrator out, whom PostgreSQL from 16 on counts as a member of what it has made', async () => {
    const { role, database } = stack()
    const hba = join(cluster.folder, 'data/pg_hba.conf')
    const lines = await readFile(hba, 'utf8')
    const reload = async (text: string) => {
      await writeFile(hba, text)
      await query(admin, 'select pg_reload_conf()')
    }
    await query(admin, 'create role rds_iam')
    const mayGrant = 'grant rds_iam to master with admin true, inherit false, set false'
    if (version >= 160000) await query(admin, mayGrant)
    // Nobody here can both give rds_iam and not be of it, as the master of RDS is; the role has to do for it.
    await reload(`host all +"${role}" all reject\n${lines}`)
    const { ends, text } = await prepare({
      MLFLOW_BACKEND_STORE_URI: `postgresql://${role}@127.0.0.1:${cluster.port}/${database}`,
      TRACKYARD_DATABASE_IAM_AUTH: 'true',
    })
    await reload(lines)
    const [row] = await query(admin, "select pg_has_role($1, 'rds_iam', 'usage') as has", [role])
    await query(admin, 'drop role rds_iam')
    if (version < 160000) expect([ends, row?.has]).toEqual(['well', true])
    else {
      expect([ends, row?.has]).toEqual(['badly', false])
      expect(text).toMatch(/was not put into rds_iam, since this administrator, who made it, could then not/)
    }
  })

  it('goes to the database itself where its servers go through a pooler, and bounds their statements', async () => {
    const { role, database, environment, runs } = stack()
    const through = environment.MLFLOW_BACKEND_STORE_URI.replace('127.0.0.1', 'pooler.invalid')
    const { ends, text } = await prepare({
      MLFLOW_BACKEND_STORE_URI: through,
      TRACKYARD_DATABASE_ADMIN_HOST: '127.0.0.1',
      TRACKYARD_DATABASE_POOLER: 'true',
      TRACKYARD_DATABASE_STATEMENT_SECONDS: '7',
    })
    expect([ends, text]).toEqual(['well', `database ${database} of ${role}: created\n`])
    expect(await query(runs, 'show statement_timeout')).toEqual([{ statement_timeout: '7s' }])
  })

  it.each([
    ['wrong', { TRACKYARD_DATABASE_ADMIN_PASSWORD: 'hunter2' }, /authentication failed for user "master"/],
    ['missing', { TRACKYARD_DATABASE_ADMIN_PASSWORD: '' }, /set TRACKYARD_DATABASE_ADMIN_USER and /],
  ])('says so in one line when the password of the administrator is %s', async (_what, settings, message) => {
    const { ends, text } = await prepare({ ...stack().environment, ...settings })
    expect([ends, text]).toEqual(['badly', expect.stringMatching(message)])
    expect(text).not.toMatch(/hunter2|\n/)
  })

  it.each([
    ['mysql://u:p@127.0.0.1/mlflow', '', /MLFLOW_BACKEND_STORE_URI must name a database of PostgreSQL/],
    [
      'postgresql://a:p@127.0.0.1/x',
      'postgresql://a:p@127.0.0.2/y',
      /name two servers: prepare each by itself/,
    ],
    ['postgresql://master:p@127.0.0.1:PORT/x', '', /the servers would log in as the administrator master/],
    ['postgresql://127.0.0.1:PORT/x', '', /names no user, who is the role to make/],
    ['postgresql://somebody@127.0.0.1:PORT/x', '', /no password for the role somebody/],
    ['postgresql://trackyard:p@127.0.0.1:PORT/x', '', /the role trackyard is there and a superuser/],
  ])('refuses %s %s', async (runs, users, message) => {
    const { ends, text } = await prepare({
      MLFLOW_BACKEND_STORE_URI: runs.replace('PORT', String(cluster.port)),
      TRACKYARD_AUTH_DATABASE_URI: users,
    })
    expect([ends, text]).toEqual(['badly', expect.stringMatching(message)])
  })
})

/** What the command prints with these variables, or the error it ends with. */
async function prepare(
  environment: Record<string, string>,
): Promise<{ ends: 'well' | 'badly'; text: string }> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  onTestFinished(() => void write.mockRestore())
  try {
    await runPrepare({ ...MASTER, ...environment }, [])
    return { ends: 'well', text: write.mock.calls.map(([text]) => String(text)).join('') }
  } catch (error) {
    return { ends: 'badly', text: (error as Error).message }
  } finally {
    write.mockClear()
  }
}

/** What PostgreSQL says to a statement. */
async function attempt(uri: string, statement: string): Promise<string> {
  return query(uri, statement).then(
    () => 'done',
    (error: Error) => error.message,
  )
}
