/** What is encrypted, at rest and on its way, and with which key. */
import { accessOf } from './access.ts'
import { listOf, type Properties, resourcesOf, type Template, textOf, valueAt } from './template.ts'

export interface AtRest {
  readonly resource: string
  readonly type: string
  /** Empty when it is not encrypted. */
  readonly key: string
}

export interface OnTheWay {
  readonly resource: string
  readonly says: string
}

const S3_DEFAULT = [
  'BucketEncryption',
  'ServerSideEncryptionConfiguration',
  0,
  'ServerSideEncryptionByDefault',
] as const

/** The key of each kind of resource that keeps data: its own, or one of AWS that is always there. */
const KEYS: Readonly<Record<string, (properties: Properties) => unknown>> = {
  'AWS::S3::Bucket': (properties) =>
    valueAt(properties, ...S3_DEFAULT, 'KMSMasterKeyID') ??
    valueAt(properties, ...S3_DEFAULT, 'SSEAlgorithm'),
  'AWS::RDS::DBInstance': ({ StorageEncrypted, KmsKeyId }) => StorageEncrypted && (KmsKeyId ?? 'aws/rds'),
  'AWS::RDS::DBCluster': ({ StorageEncrypted, KmsKeyId }) => StorageEncrypted && (KmsKeyId ?? 'aws/rds'),
  'AWS::Logs::LogGroup': ({ KmsKeyId }) => KmsKeyId ?? 'owned by AWS',
  'AWS::SNS::Topic': ({ KmsMasterKeyId }) => KmsMasterKeyId,
  'AWS::SQS::Queue': ({ KmsMasterKeyId, SqsManagedSseEnabled }) =>
    KmsMasterKeyId ?? (SqsManagedSseEnabled !== false && 'owned by SQS'),
  'AWS::SecretsManager::Secret': ({ KmsKeyId }) => KmsKeyId ?? 'aws/secretsmanager',
  'AWS::Backup::BackupVault': ({ EncryptionKeyArn }) => EncryptionKeyArn ?? 'aws/backup',
  'AWS::DynamoDB::Table': ({ SSESpecification }) =>
    valueAt(SSESpecification, 'KMSMasterKeyId') ?? 'owned by DynamoDB',
  'AWS::EFS::FileSystem': ({ Encrypted, KmsKeyId }) => Encrypted && (KmsKeyId ?? 'aws/elasticfilesystem'),
  'AWS::EC2::Volume': ({ Encrypted, KmsKeyId }) => Encrypted && (KmsKeyId ?? 'aws/ebs'),
  'AWS::EC2::LaunchTemplate': keyOfDisks,
}

export function encryptionAtRest(template: Template): AtRest[] {
  return Object.entries(KEYS).flatMap(([type, keyOf]) =>
    resourcesOf(template, type).map(([resource, { Properties }]) => {
      const key = keyOf(Properties)
      return { resource, type, key: key ? textOf(key) : '' }
    }),
  )
}

export function encryptionOnTheWay(template: Template): OnTheWay[] {
  return [
    ...resourcesOf(template, 'AWS::ElasticLoadBalancingV2::Listener').map(([resource, { Properties }]) => ({
      resource,
      says: [Properties.Protocol, Properties.Port, Properties.SslPolicy]
        .filter(Boolean)
        .map(textOf)
        .join(' '),
    })),
    ...resourcesOf(template, 'AWS::ElasticLoadBalancingV2::TargetGroup').map(
      ([resource, { Properties }]) => ({
        resource,
        says: `${textOf(Properties.Protocol)} ${textOf(Properties.Port)}, inside the VPC`,
      }),
    ),
    ...resourcesOf(template, 'AWS::RDS::DBParameterGroup').map(([resource, { Properties }]) => ({
      resource,
      says: `rds.force_ssl=${textOf(valueAt(Properties, 'Parameters', 'rds.force_ssl') ?? 'default')}`,
    })),
    ...accessOf(template)
      .filter(({ statement }) => refusesPlainText(statement.Effect, statement.Condition))
      .map(({ of }) => ({ resource: of, says: 'refuses requests without TLS' })),
  ]
}

function refusesPlainText(effect: string, condition: Record<string, Record<string, string[]>>): boolean {
  return effect === 'Deny' && condition.Bool?.['aws:SecureTransport']?.[0] === 'false'
}

/** Not encrypted as soon as one of them is not. */
function keyOfDisks(properties: Properties): unknown {
  const disks = listOf(valueAt(properties, 'LaunchTemplateData', 'BlockDeviceMappings'))
  const encrypted = disks.every((disk) => valueAt(disk, 'Ebs', 'Encrypted') === true)
  return disks.length > 0 && encrypted && (valueAt(disks[0], 'Ebs', 'KmsKeyId') ?? 'aws/ebs')
}
