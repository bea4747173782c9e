import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { POLICIES } from '../../constructs/pulumi/policies.ts'
import { mapSecrets, type Registered, startEngine, unwrapSecrets } from '../stacks/pulumi-engine.ts'
import { runProgram } from '../stacks/pulumi-program.ts'

const RDS = {
  kind: 'rds',
  vpcId: 'vpc-0a1b',
  subnetIds: ['subnet-0a', 'subnet-0b'],
  clients: ['10.0.1.5/32'],
}
const KEY = 'secret-of-the-key'
const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:1:secret:rds'
const ADMINISTRATOR = 'secret-of-the-administrator'
const HOST = 'db.0a1b.eu-central-1.rds.amazonaws.com'
const IN_CLOUD = {
  artifacts: '{"kind":"s3","bucket":"models","prefix":"team/a"}',
  database: JSON.stringify(RDS),
}
const uriOf = (role: string) =>
  `postgresql://${role}@${HOST}:5432/${role}?sslmode=verify-full&sslrootcert=/app/rds-ca.pem`

describe('the Pulumi stack team with artifacts in S3 and its database on RDS', () => {
  let registered: Registered[]

  beforeAll(async () => {
    registered = await startEngine('team', inCloud)
    await runProgram(IN_CLOUD)
  }, 60_000)

  const one = (type: string) => {
    const found = registered.filter((resource) => resource.type.endsWith(`:${type}`))
    expect(found).toHaveLength(1)
    return found[0]?.inputs ?? {}
  }

  it('keeps artifacts where nobody else comes, and what was replaced for a month', () => {
    expect(one('Bucket')).toMatchObject({ bucket: 'models' })
    expect(one('BucketPublicAccessBlock')).toMatchObject({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    })
    expect(one('BucketServerSideEncryptionConfiguration').rules).toEqual([
      expect.objectContaining({ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }),
    ])
    expect(one('BucketVersioning')).toMatchObject({ versioningConfiguration: { status: 'Enabled' } })
    expect(one('BucketOwnershipControls')).toMatchObject({ rule: { objectOwnership: 'BucketOwnerEnforced' } })
    expect(JSON.parse(one('BucketPolicy').policy).Statement).toEqual([
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: ['arn:of:models', 'arn:of:models/*'],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ])
    expect(one('BucketLifecycleConfiguration').rules[0]).toMatchObject({
      noncurrentVersionExpiration: { noncurrentDays: 30 },
    })
  })

  it('lets its servers do what they do and nothing else', () => {
    expect(JSON.parse(one('UserPolicy').policy).Statement).toEqual([
      {
        Effect: 'Allow',
        Action: [
          's3:GetObject',
          's3:PutObject',
          's3:DeleteObject',
          's3:AbortMultipartUpload',
          's3:ListMultipartUploadParts',
        ],
        Resource: 'arn:of:models/team/a/*',
      },
      {
        Effect: 'Allow',
        Action: ['s3:ListBucket'],
        Resource: 'arn:of:models',
        Condition: { StringLike: { 's3:prefix': ['team/a/*'] } },
      },
      {
        Effect: 'Allow',
        Action: ['rds-db:connect'],
        Resource: ['mlflow', 'mlflow_login'].map(
          (role) => `arn:aws:rds-db:eu-central-1:1:dbuser:db-0A1B/${role}`,
        ),
      },
    ])
  })

  it('has a database that is encrypted, closed and deleted by nobody by mistake', () => {
    expect(one('Instance')).toMatchObject({
      engine: 'postgres',
      engineVersion: '17',
      instanceClass: 'db.t4g.medium',
      storageEncrypted: true,
      publiclyAccessible: false,
      deletionProtection: true,
      username: 'trackyard_admin',
      manageMasterUserPassword: true,
      iamDatabaseAuthenticationEnabled: true,
      caCertIdentifier: 'rds-ca-rsa2048-g1',
      backupRetentionPeriod: 14,
    })
    expect(one('ParameterGroup').parameters).toEqual([{ name: 'rds.force_ssl', value: '1' }])
    expect(one('SecurityGroupIngressRule')).toMatchObject({
      cidrIpv4: '10.0.1.5/32',
      fromPort: 5432,
      toPort: 5432,
    })
  })

  it('runs servers and proxy on the engine, and neither a database nor backups', () => {
    const containers = registered.filter(({ type }) => type.endsWith(':Container')).map(({ name }) => name)
    const prepare = ['prepare', 'prepare-new']
    const proxy = ['proxy', 'proxy-files', 'proxy-files-new']
    const servers = ['server-1', 'server-files']
    expect(containers.sort()).toEqual([...prepare, ...proxy, ...servers].map((part) => `trackyard-${part}`))
    expect(container(registered, 'server-1').envs).toEqual(
      expect.arrayContaining([
        `MLFLOW_BACKEND_STORE_URI=${uriOf('mlflow')}`,
        'MLFLOW_ARTIFACTS_DESTINATION=s3://models/team/a',
        'TRACKYARD_DATABASE_IAM_AUTH=true',
        'MLFLOW_APP_NAME=basic-auth',
        `TRACKYARD_AUTH_DATABASE_URI=${uriOf('mlflow_login')}`,
        'AWS_REGION=eu-central-1',
        'AWS_SHARED_CREDENTIALS_FILE=/run/trackyard/aws-credentials',
      ]),
    )
  })

  it('prepares the database before a server starts, by whom no server knows', () => {
    const { image, ...prepare } = container(registered, 'prepare-new')
    expect(image).toBe(container(registered, 'server-1').image)
    expect(prepare).toMatchObject({
      entrypoints: ['trackyard', 'db', 'prepare'],
      attach: true,
      networksAdvanced: [{ name: 'trackyard-edge' }],
    })
    expect(prepare.envs.sort()).toEqual([
      `MLFLOW_BACKEND_STORE_URI=${uriOf('mlflow')}`,
      `TRACKYARD_AUTH_DATABASE_URI=${uriOf('mlflow_login')}`,
      'TRACKYARD_DATABASE_ADMIN_PASSWORD_FILE=/run/trackyard/administrator.password',
      'TRACKYARD_DATABASE_ADMIN_USER=trackyard_admin',
      'TRACKYARD_DATABASE_IAM_AUTH=true',
    ])
    expect(filesOf(registered, 'prepare')).toEqual({ 'administrator.password': ADMINISTRATOR })
    const names = registered.filter(({ type }) => type.endsWith(':Container')).map(({ name }) => name)
    expect(names.indexOf('trackyard-prepare-new')).toBeLessThan(names.indexOf('trackyard-server-1'))
  })

  it('hands the key of its servers and the password of its administrator on as secrets', () => {
    const files = filesOf(registered, 'server-files')
    expect(Object.keys(files).sort()).toEqual(['admin.password', 'aws-credentials'])
    expect(files['aws-credentials']).toContain(`aws_secret_access_key = ${KEY}\n`)
    const shown = JSON.stringify(registered.map(({ inputs }) => mapSecrets(inputs, () => '[secret]')))
    for (const secret of [KEY, ADMINISTRATOR, ...Object.values(files)]) {
      expect(shown).not.toContain(secret)
      expect(shown).not.toContain(Buffer.from(secret).toString('base64'))
    }
  })

  it('keeps its own policies', () => {
    expect(registered.flatMap(violations)).toEqual([])
  })
})

describe('the Pulumi stack team with its database on RDS', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('without a login has one role, which its servers log in as', async () => {
    const registered = await startEngine('team', inCloud)
    await runProgram({ ...IN_CLOUD, login: 'none' })
    expect(container(registered, 'prepare-new').envs.join('\n')).not.toContain('mlflow_login')
    expect(JSON.stringify(registered.find(({ type }) => type.endsWith(':UserPolicy')))).not.toContain('login')
  })

  it('starts no server when its database could not be prepared, and says why', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, 'unprepared-program.ts'),
    ])
    const { message, containers } = JSON.parse(stdout)
    expect(message).toMatch(/could not be prepared: as trackyard_admin on db: password authentication failed/)
    expect(containers).toEqual(['prepare', 'prepare-new'])
  }, 60_000)

  it('is refused in a region whose authority the image has not, before there is a resource', async () => {
    vi.stubEnv('AWS_REGION', 'xx-nowhere-1')
    const registered = await startEngine('team', inCloud)
    await expect(runProgram(IN_CLOUD)).rejects.toThrow(
      'Pulumi.team.yaml:\n  database.authority: the image has none for RDS in xx-nowhere-1: use an image with a file of it',
    )
    expect(registered).toEqual([])
  })

  it('is verified by another file where it says so', async () => {
    vi.stubEnv('AWS_REGION', 'xx-nowhere-1')
    const registered = await startEngine('team', inCloud)
    await runProgram({ ...IN_CLOUD, database: JSON.stringify({ ...RDS, authority: '/app/own.pem' }) })
    expect(container(registered, 'server-1').envs.join('\n')).toContain('sslrootcert=/app/own.pem')
  })
})

describe('the policies', () => {
  it.each(['local', 'team'])('let the stack %s pass', async (stack) => {
    const registered = await startEngine(stack)
    await runProgram()
    expect(registered.flatMap(violations)).toEqual([])
  })

  it.each([
    [
      'docker:index/container:Container',
      { capabilities: { drops: ['ALL'] }, user: '0:0' },
      /user must be another/,
    ],
    ['docker:index/container:Container', { user: '1:1', readOnly: true }, /capabilities must be/],
    ['docker:index/container:Container', { user: '1:1' }, /memory must be set/],
    [
      'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
      { blockPublicAcls: true },
      /restrictPublicBuckets/,
    ],
    [
      'aws:rds/instance:Instance',
      { storageEncrypted: true, password: 'x' },
      /publiclyAccessible must be false/,
    ],
    [
      'aws:rds/parameterGroup:ParameterGroup',
      { parameters: [{ name: 'rds.force_ssl', value: '0' }] },
      /rds.force_ssl=1/,
    ],
    [
      'docker:index/container:Container',
      { envs: [`MLFLOW_BACKEND_STORE_URI=postgresql://mlflow@${HOST}/mlflow?sslmode=require`] },
      /MLFLOW_BACKEND_STORE_URI must say sslmode=verify-full/,
    ],
    ['aws:iam/userPolicy:UserPolicy', { policy: '{"Action":"s3:*"}' }, /must name actions/],
  ])('stop a %s with %o', (type, inputs, problem) => {
    expect(violations({ type, name: 'planted', inputs }).join('\n')).toMatch(problem)
  })
})

function container(registered: readonly Registered[], part: string) {
  const found = registered.find(
    ({ name, type }) => name === `trackyard-${part}` && type.endsWith(':Container'),
  )
  return found?.inputs ?? {}
}

/** What is handed to a container, by the names of the files. */
function filesOf(registered: readonly Registered[], part: string): Record<string, string> {
  const { uploads } = unwrapSecrets(container(registered, part))
  const entries = uploads.map(({ file, contentBase64 }: { file: string; contentBase64: string }) => [
    file.replace('/run/trackyard/', ''),
    Buffer.from(contentBase64, 'base64').toString(),
  ])
  return Object.fromEntries(entries)
}

/** What the policies say of a resource. */
function violations({ type, name, inputs }: Registered): string[] {
  const found: string[] = []
  const props = unwrapSecrets(inputs)
  for (const { validateResource } of POLICIES) {
    const checks = [validateResource].flat()
    for (const check of checks) {
      check?.({ type, name, props } as Parameters<typeof check>[0], (problem) =>
        found.push(`${name}: ${problem}`),
      )
    }
  }
  return found
}

/** What AWS makes up. */
async function inCloud({ type, name, inputs }: Registered) {
  const outputs: Record<string, unknown> = {
    name: inputs.name ?? `${name}-1a2b3c4`,
    arn: inputs.bucket ? `arn:of:${inputs.bucket}` : 'arn:aws:rds:eu-central-1:1:db:db',
    address: HOST,
    resourceId: 'db-0A1B',
    masterUserSecrets: [{ secretArn: SECRET_ARN }],
    secret: KEY,
    result: `secret-of-${name}`,
    region: 'eu-central-1',
    imageId: `sha256:${name}`,
    repoDigest: `sha256:${name}`,
  }
  return { id: type.endsWith(':Bucket') ? inputs.bucket : `id-of-${name}`, outputs }
}
