import * as aws from '@pulumi/aws'
import * as pulumi from '@pulumi/pulumi'
import { FILES_FOLDER } from '../container.ts'
import type { TrackingSettings } from '../settings.ts'
import { CloudBucket } from './cloud-bucket.ts'
import { CloudDatabase } from './cloud-database.ts'
import type { Served } from './team-tier.ts'

const CREDENTIALS = 'aws-credentials'

/** What a team's stack has in AWS by its settings: the bucket, the database, and who the servers are there. */
export class CloudParts extends pulumi.ComponentResource implements Served {
  readonly files: Served['files']
  readonly made: Served['made']
  readonly environment: Served['environment']
  readonly administrator: Served['administrator']

  constructor(name: string, settings: TrackingSettings, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:aws:CloudParts', name, {}, opts)
    const { artifacts, database, labels: tags, login } = settings
    const child = { parent: this }
    const bucket =
      artifacts.kind === 's3'
        ? new CloudBucket(name, { bucketName: artifacts.bucket, tags }, child)
        : undefined
    const instance =
      database.kind === 'rds' ? new CloudDatabase(name, { ...database, tags }, child) : undefined
    const prefix = artifacts.kind === 's3' && artifacts.prefix ? `${artifacts.prefix}/` : ''
    this.files = { [CREDENTIALS]: this.identity(name, statements(bucket, prefix, instance, login)) }
    this.made =
      instance?.uris.apply((uris) => ({
        backendStoreUri: uris.tracking,
        databaseIamAuth: true,
        ...(login === 'basic' && { authDatabaseUri: uris.login }),
      })) ?? {}
    this.administrator = instance?.administrator
    this.environment = aws.getRegionOutput({}, child).apply(({ region }) => ({
      AWS_REGION: region,
      AWS_SHARED_CREDENTIALS_FILE: `${FILES_FOLDER}/${CREDENTIALS}`,
    }))
    this.registerOutputs({})
  }

  /** A user of its own with these rights. @returns its credentials as the SDK of AWS reads them from a file */
  private identity(name: string, allowed: pulumi.Input<Statement>[]): pulumi.Output<string> {
    const child = { parent: this }
    const user = new aws.iam.User(`${name}-server`, {}, child)
    const policy = pulumi
      .all(allowed)
      .apply((Statement) => JSON.stringify({ Version: '2012-10-17', Statement }))
    new aws.iam.UserPolicy(`${name}-server`, { user: user.name, policy }, child)
    const key = new aws.iam.AccessKey(`${name}-server`, { user: user.name }, child)
    return pulumi.secret(
      pulumi.interpolate`[default]\naws_access_key_id = ${key.id}\naws_secret_access_key = ${key.secret}\n`,
    )
  }
}

interface Statement {
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Readonly<Record<string, unknown>>
}

/** What the servers do and nothing else: artifacts under their prefix, and the roles they log in as. */
function statements(
  bucket: CloudBucket | undefined,
  prefix: string,
  instance: CloudDatabase | undefined,
  login: TrackingSettings['login'],
): pulumi.Input<Statement>[] {
  const objects = [
    'GetObject',
    'PutObject',
    'DeleteObject',
    'AbortMultipartUpload',
    'ListMultipartUploadParts',
  ]
  const allow = (Action: string[], Resource: string | string[], more = {}): Statement => ({
    Effect: 'Allow',
    Action,
    Resource,
    ...more,
  })
  const listed = prefix ? { Condition: { StringLike: { 's3:prefix': [`${prefix}*`] } } } : {}
  return [
    ...(bucket
      ? [
          bucket.arn.apply((arn) =>
            allow(
              objects.map((action) => `s3:${action}`),
              `${arn}/${prefix}*`,
            ),
          ),
          bucket.arn.apply((arn) => allow(['s3:ListBucket'], arn, listed)),
        ]
      : []),
    ...(instance
      ? [
          instance.logins.apply(({ tracking, login: users }) =>
            allow(['rds-db:connect'], login === 'basic' ? [tracking, users] : [tracking]),
          ),
        ]
      : []),
  ]
}
