/** What outlives its stack, and what does not. */
import { type Properties, type Template, valueAt } from './template.ts'

export interface Kept {
  readonly resource: string
  readonly type: string
  readonly whenDeleted: string
  readonly whenReplaced: string
  /** How long nobody removes what is in it; '' where nothing says so. */
  readonly locked: string
}

/** What holds data that nothing else in a stack could make again. */
const STATEFUL = [
  'AWS::RDS::DBInstance',
  'AWS::RDS::DBCluster',
  'AWS::S3::Bucket',
  'AWS::KMS::Key',
  'AWS::Logs::LogGroup',
  'AWS::SecretsManager::Secret',
  'AWS::Backup::BackupVault',
  'AWS::DynamoDB::Table',
  'AWS::EFS::FileSystem',
  'AWS::EC2::Volume',
]

export function keptOf({ Resources }: Template): Kept[] {
  return Object.entries(Resources)
    .filter(([, { Type }]) => STATEFUL.includes(Type))
    .map(([resource, { Type, DeletionPolicy = 'Delete', UpdateReplacePolicy = 'Delete', Properties }]) => ({
      resource,
      type: Type,
      whenDeleted: DeletionPolicy,
      whenReplaced: UpdateReplacePolicy,
      locked: lockOf(Properties),
    }))
}

/** Of a bucket with a default retention, and of a vault. */
function lockOf(properties: Properties): string {
  const retention = ['ObjectLockConfiguration', 'Rule', 'DefaultRetention']
  const mode = valueAt(properties, ...retention, 'Mode')
  const days =
    valueAt(properties, ...retention, 'Days') ?? valueAt(properties, 'LockConfiguration', 'MinRetentionDays')
  return days === undefined ? '' : [mode, `${days} days`].filter(Boolean).join(', ')
}
