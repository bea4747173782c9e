/** What outlives its stack, and what does not. */
import type { Template } from './template.ts'

export interface Kept {
  readonly resource: string
  readonly type: string
  readonly whenDeleted: string
  readonly whenReplaced: string
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
    .map(([resource, { Type, DeletionPolicy = 'Delete', UpdateReplacePolicy = 'Delete' }]) => ({
      resource,
      type: Type,
      whenDeleted: DeletionPolicy,
      whenReplaced: UpdateReplacePolicy,
    }))
}
