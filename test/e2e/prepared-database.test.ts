import * as pulumi from '@pulumi/pulumi'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PreparedDatabase } from '../../constructs/pulumi/prepared-database.ts'
import { resolved, startEngine } from '../stacks/pulumi-engine.ts'
import { buildImage, docker, hasDockerEngine, tryDocker } from '../support/docker.ts'
import { freePort } from '../support/server-process.ts'
import { appliedStack } from './pulumi-apply.ts'

/** What RDS has in place of a superuser, and the role whose members bring tokens. */
const AS_ON_RDS = `
  create role rds_iam;
  create role trackyard_admin login createdb createrole password 'of the administrator';
  grant rds_iam to trackyard_admin with admin true, inherit false, set false`

const OWNERS =
  "select datname, pg_get_userbyid(datdba), pg_has_role(datdba, 'rds_iam', 'member') from pg_database where datname like 'mlflow%' order by 1"

describe.skipIf(!hasDockerEngine())('a database that is not of the stack', () => {
  it('is prepared by a container of the image, which is handed the password and shows it to nobody', async () => {
    const name = `trackyard-prepare-${await freePort()}`
    onTestFinished(async () => {
      await tryDocker('rm', '--force', '--volumes', name)
      await tryDocker('network', 'rm', name)
      await tryDocker('rmi', '--force', name)
    })
    await buildImage(name)
    await docker('network', 'create', '--internal', name)
    const database = ['--network-alias', 'db', '--env', 'POSTGRES_PASSWORD=x', 'postgres:17']
    await docker('run', '--detach', '--name', name, '--network', name, ...database)
    const sql = (statement: string) =>
      docker('exec', name, 'psql', '-h', '127.0.0.1', '-U', 'postgres', '-Atc', statement)
    await expect.poll(() => sql(AS_ON_RDS).then(() => 'done', String), { timeout: 60_000 }).toBe('done')

    const stack = appliedStack()
    await startEngine('team', stack.create)
    const uri = (role: string) => `postgresql://${role}@db:5432/${role}?sslmode=disable`
    const settings = {
      backendStoreUri: uri('mlflow'),
      authDatabaseUri: uri('mlflow_login'),
      databaseIamAuth: true,
    }
    const image = await docker('image', 'inspect', name, '--format', '{{.Id}}')
    const administrator = { user: 'trackyard_admin', password: pulumi.secret('of the administrator') }
    const made = await stack.apply(async () => {
      const args = { image, network: name, settings, administrator }
      const known = await resolved(new PreparedDatabase(`${name}-prepare`, args).settings)
      await pulumi.runtime.disconnect()
      return known
    })
    expect(made).toEqual(settings)
    expect(await sql(OWNERS)).toBe('mlflow|mlflow|t\nmlflow_login|mlflow_login|t')
    const id = await docker('ps', '--all', '--quiet', '--filter', `name=^${name}-prepare-new`)
    expect(await docker('logs', id)).toBe(
      'database mlflow of mlflow: created\ndatabase mlflow_login of mlflow_login: created',
    )
    expect(await docker('inspect', id)).not.toMatch(/of the administrator|b2YgdGhl/)
  }, 300_000)
})
