import { beforeAll, describe, expect, it } from 'vitest'
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

describe('the Pulumi stack team with artifacts in S3 and its database on RDS', () => {
  let registered: Registered[]

  beforeAll(async () => {
    registered = await startEngine('team', inCloud)
    await runProgram({
      artifacts: '{"kind":"s3","bucket":"models","prefix":"team/a"}',
      database: JSON.stringify(RDS),
      login: 'none',
    })
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
      restrictPublicBuckets: true,
    })
    expect(one('BucketVersioning')).toMatchObject({ versioningConfiguration: { status: 'Enabled' } })
    expect(one('BucketOwnershipControls')).toMatchObject({ rule: { objectOwnership: 'BucketOwnerEnforced' } })
    expect(JSON.parse(one('BucketPolicy').policy).Statement).toEqual([
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
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
      { Effect: 'Allow', Action: ['secretsmanager:GetSecretValue'], Resource: SECRET_ARN },
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
      manageMasterUserPassword: true,
      backupRetentionPeriod: 14,
    })
    expect(one('SecurityGroupIngressRule')).toMatchObject({
      cidrIpv4: '10.0.1.5/32',
      fromPort: 5432,
      toPort: 5432,
    })
  })

  it('runs servers and proxy on the engine, and neither a database nor backups', () => {
    const containers = registered.filter(({ type }) => type.endsWith(':Container')).map(({ name }) => name)
    expect(containers.sort()).toEqual(
      ['proxy', 'proxy-files', 'server-1', 'server-files'].map((part) => `trackyard-${part}`),
    )
    const server = registered.find(
      ({ name, type }) => name.endsWith('server-1') && type.endsWith(':Container'),
    )
    expect(server?.inputs.envs).toEqual(
      expect.arrayContaining([
        'MLFLOW_BACKEND_STORE_URI=postgresql://db.rds:5432/mlflow?sslmode=require',
        'MLFLOW_ARTIFACTS_DESTINATION=s3://models/team/a',
        `TRACKYARD_DATABASE_SECRET=${SECRET_ARN}`,
        'AWS_REGION=eu-central-1',
        'AWS_SHARED_CREDENTIALS_FILE=/run/trackyard/aws-credentials',
      ]),
    )
  })

  it('hands the key of its servers on as a secret', () => {
    const files = registered.find(
      ({ name, inputs }) => name.endsWith('server-files') && inputs.uploads,
    )?.inputs
    const [upload] = unwrapSecrets(files ?? {}).uploads
    expect(Buffer.from(upload.contentBase64, 'base64').toString()).toContain(
      `aws_secret_access_key = ${KEY}\n`,
    )
    const shown = JSON.stringify(
      mapSecrets(
        registered.map(({ inputs }) => inputs),
        () => '[secret]',
      ),
    )
    expect(shown).not.toContain(KEY)
    expect(shown).not.toContain(upload.contentBase64)
  })

  it('keeps its own policies', () => {
    expect(registered.flatMap(violations)).toEqual([])
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
    ['aws:iam/userPolicy:UserPolicy', { policy: '{"Action":"s3:*"}' }, /must name actions/],
  ])('stop a %s with %o', (type, inputs, problem) => {
    expect(violations({ type, name: 'planted', inputs }).join('\n')).toMatch(problem)
  })
})

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
    arn: `arn:of:${inputs.bucket}`,
    address: 'db.rds',
    masterUserSecrets: [{ secretArn: SECRET_ARN }],
    secret: KEY,
    region: 'eu-central-1',
    imageId: `sha256:${name}`,
    repoDigest: `sha256:${name}`,
  }
  return { id: type.endsWith(':Bucket') ? inputs.bucket : `id-of-${name}`, outputs }
}
