import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import type { EnterpriseStack } from '../../stacks/enterprise-stack.ts'
import { onlyResource, type Resource, statementsOf } from '../constructs/cdk/stack.ts'
import { enterpriseStack } from './enterprise-synth.ts'

const EXISTING = {
  identifier: 'given',
  resourceId: 'db-ABC',
  host: 'db.example.com',
  securityGroupId: 'sg-0123456789abcdef0',
  administratorSecretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:given-AbCdEf',
}

function stackWith(database: object, others: Record<string, unknown> = {}): EnterpriseStack {
  return enterpriseStack({ database, ...others })
}

function containersOf(stack: EnterpriseStack): Record<'server' | 'prepare' | 'upgrade', Resource> {
  const task = onlyResource(stack, 'AWS::ECS::TaskDefinition')
  const named = (name: string) =>
    task.Properties.ContainerDefinitions.find(({ Name }: Resource) => Name === name)
  return { server: named('server'), prepare: named('prepare'), upgrade: named('upgrade') }
}

/** Of a container, with what is known only when it is deployed as <…>. */
function variablesOf({ Environment }: Resource): Record<string, string> {
  const plain = (value: unknown): string =>
    typeof value === 'string'
      ? value
      : ((value as Resource)['Fn::Join']?.[1].map(plain).join('') ??
        `<${Object.values(value as object)
          .flat()
          .join(' ')}>`)
  return Object.fromEntries(Environment.map(({ Name, Value }: Resource) => [Name, plain(Value)]))
}

describe('the database of an EnterpriseStack', () => {
  it('is prepared before a server starts, by a container that alone has the password of the administrator', () => {
    const stack = stackWith({})
    const { server, prepare } = containersOf(stack)
    expect(server.DependsOn).toEqual([{ Condition: 'SUCCESS', ContainerName: 'prepare' }])
    expect(JSON.stringify(server.Secrets)).not.toContain('Database')
    expect(prepare).toMatchObject({
      Command: ['db', 'prepare'],
      Essential: false,
      User: '50000:50000',
      ReadonlyRootFilesystem: true,
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
      Image: server.Image,
    })
    expect(prepare.Secrets.map(({ Name }: Resource) => Name)).toEqual([
      'TRACKYARD_DATABASE_ADMIN_USER',
      'TRACKYARD_DATABASE_ADMIN_PASSWORD',
    ])
    const reads = statementsOf(stack, 'ExecutionRole').filter(({ Action }) =>
      Action.includes('secretsmanager:GetSecretValue'),
    )
    expect(JSON.stringify(reads.map(({ Resource }) => Resource))).toMatch(
      /"DatabaseInstance\w+","MasterUserSecret/,
    )
    const asked = variablesOf(server)
    expect(variablesOf(prepare)).not.toHaveProperty('TRACKYARD_DATABASE_ADMIN_HOST')
    for (const [name, value] of Object.entries(variablesOf(prepare))) expect(asked[name], name).toBe(value)
  })

  it('is reached as a role of its own with tokens of IAM, through TLS that is verified', () => {
    const tail = '?sslmode=verify-full&sslrootcert=/app/rds-ca.pem'
    expect(variablesOf(containersOf(stackWith({ readReplica: true })).server)).toMatchObject({
      MLFLOW_BACKEND_STORE_URI: expect.stringMatching(/^postgresql:\/\/trackyard@<DatabaseInstance\w+ /),
      TRACKYARD_AUTH_DATABASE_URI: expect.stringContaining(`/mlflow_users${tail}`),
      MLFLOW_READ_REPLICA_BACKEND_STORE_URI: expect.stringMatching(
        /^postgresql:\/\/trackyard@<DatabaseReplica/,
      ),
      TRACKYARD_DATABASE_IAM_AUTH: 'true',
    })
  })

  it('may be one that is there, reached with a password of the servers that they alone may read', () => {
    const stack = stackWith({
      existing: EXISTING,
      login: 'password',
      name: 'runs',
      tls: 'disable',
      poolSize: 2,
    })
    const { server, prepare } = containersOf(stack)
    expect(variablesOf(server)).toMatchObject({
      MLFLOW_BACKEND_STORE_URI: 'postgresql://db.example.com:5432/runs?sslmode=disable',
      TRACKYARD_DATABASE_SECRET: expect.stringContaining('<DatabaseServerCredentials'),
      MLFLOW_SQLALCHEMYSTORE_POOL_SIZE: '2',
    })
    expect(JSON.stringify(prepare.Secrets)).toContain(`${EXISTING.administratorSecretArn}:password::`)
    expect(JSON.stringify(statementsOf(stack, 'TaskRole'))).toMatch(
      /GetSecretValue.*DatabaseServerCredentials/,
    )
    const template = Template.fromStack(stack)
    template.resourceCountIs('AWS::RDS::DBInstance', 0)
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: EXISTING.securityGroupId,
      ToPort: 5432,
    })
  })

  it('may be one that is there, whose snapshots AWS Backup uses with the key of its storage, not of its secret', () => {
    const key = (id: string) => `arn:aws:kms:eu-central-1:123456789012:key/${id}`
    const [administratorKeyArn, storageKeyArn] = [key('secret'), key('storage')]
    const stack = stackWith(
      { existing: { ...EXISTING, administratorKeyArn, storageKeyArn } },
      { keeping: { drill: { enabled: true } } },
    )
    for (const role of ['KeepingBackupsRole', 'KeepingDrillRestoreRole']) {
      const grants = statementsOf(stack, role).filter(({ Action }) =>
        JSON.stringify(Action).includes('kms:CreateGrant'),
      )
      expect(grants.map(({ Resource }) => Resource)).toContain(storageKeyArn)
      expect(JSON.stringify(statementsOf(stack, role))).not.toContain(administratorKeyArn)
    }
    expect(JSON.stringify(statementsOf(stack, 'ExecutionRole'))).toContain(administratorKeyArn)
    const without = stackWith({ existing: { ...EXISTING, administratorKeyArn } })
    expect(JSON.stringify(statementsOf(without, 'KeepingBackupsRole'))).not.toContain('kms:CreateGrant')
  })

  it('is brought forward where that is asked for: after its preparation, before a server, and without the password', () => {
    const { server, prepare, upgrade } = containersOf(stackWith({ upgrade: true }))
    expect(upgrade).toMatchObject({
      Command: ['db', 'upgrade'],
      DependsOn: [{ Condition: 'SUCCESS', ContainerName: 'prepare' }],
      Essential: false,
      Image: server.Image,
      StartTimeout: 3600,
      User: '50000:50000',
      ReadonlyRootFilesystem: true,
    })
    expect(upgrade.Secrets).toBeUndefined()
    expect(server.DependsOn).toEqual([{ Condition: 'SUCCESS', ContainerName: 'upgrade' }])
    const { TRACKYARD_DATABASE_STATEMENT_SECONDS, ...others } = variablesOf(upgrade)
    expect(variablesOf(server)).toMatchObject(others)
    expect(variablesOf(prepare)).toEqual({ ...others, TRACKYARD_DATABASE_STATEMENT_SECONDS })
    expect(TRACKYARD_DATABASE_STATEMENT_SECONDS).toBe('3600')
  })

  it('may be reached through a proxy, past which its preparation goes', () => {
    const stack = stackWith({ proxy: {}, readReplica: true })
    const { server, prepare } = containersOf(stack)
    const through = /^postgresql:\/\/trackyard@<DatabaseProxy\w+ Endpoint>:5432\/\w+\?sslmode=verify-full&/
    expect(variablesOf(server)).toMatchObject({
      MLFLOW_BACKEND_STORE_URI: expect.stringMatching(through),
      TRACKYARD_AUTH_DATABASE_URI: expect.stringMatching(through),
      MLFLOW_READ_REPLICA_BACKEND_STORE_URI: expect.stringContaining('@<DatabaseReplica'),
      TRACKYARD_DATABASE_POOLER: 'true',
    })
    expect(variablesOf(prepare)).toMatchObject({
      MLFLOW_BACKEND_STORE_URI: expect.stringMatching(through),
      TRACKYARD_DATABASE_POOLER: 'true',
      TRACKYARD_DATABASE_ADMIN_HOST: expect.stringMatching(/^<DatabaseInstance\w+ Endpoint.Address>$/),
    })
  })

  it.each([
    [{ existing: EXISTING, proxy: {} }, /^database.proxy=.*: an existing instance has its own/],
    [{ proxy: {}, login: 'password' }, /^database.proxy={}: it is given no password: use the login iam/],
    [{ proxy: { connectionsPercent: 0 } }, /^database.proxy.connectionsPercent=0: .* from 1 to 99 percent/],
    [{ existing: EXISTING, multiAz: false }, /^database.multiAz=false: an existing instance has its own/],
    [{ existing: { ...EXISTING, resourceId: undefined } }, /^database.existing.*: say the resourceId/],
    [{ tls: 'disable' }, /^database.tls="disable": tokens of IAM are sent through TLS only/],
    [{ storageGiB: 600 }, /^database.maxStorageGiB: must be at least storageGiB/],
    [{ backupDays: 36 }, /^database.backupDays=36: must be a whole number from 1 to 35 days/],
    [{ size: 1 }, /^database.size: no such option/],
    [
      { instanceType: 't4g.micro', poolSize: 50 },
      /the servers may need 1466 connections .* about 78: 2 x 6 /,
    ],
  ])('is refused with %o', (database, message) => {
    expect(() => stackWith(database)).toThrow(message)
  })

  it('is refused in a region whose authority the image does not have', () => {
    const elsewhere = { region: 'il-central-1' }
    expect(() => stackWith({}, elsewhere)).toThrow(
      /^database.authority: the image has none for RDS in il-central-1/,
    )
    stackWith({ authority: '/app/israel.pem' }, elsewhere)
    stackWith({}, { region: 'eu-central-1' })
  })
})
