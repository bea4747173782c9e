/** An account of AWS, as far as a restore drill asks it: what there is in it, and what was asked. */
import type { Resource } from './stack.ts'
import { StateError, type Variables } from './state-machine.ts'

export interface Account {
  instances: string[]
  objects: string[]
  reports: Variables[]
  readonly asked: { readonly state: string; readonly request: Resource }[]
}

/** What is otherwise than in a drill that passes. */
export interface Trouble {
  /** State that AWS refuses what it asks, always or so many times. */
  readonly failing?: string
  readonly times?: number
  /** How restore jobs of a resource end. @default COMPLETED */
  readonly ends?: Readonly<Record<string, string>>
  /** How often a job is asked for before it has ended. @default 1 */
  readonly asks?: number
  /** S3 answers that it has deleted none. */
  readonly kept?: boolean
  /** S3 has more objects than can be deleted. */
  readonly endless?: boolean
  readonly points?: readonly Variables[]
}

const DAY = (day: number) => `2026-11-0${day}T02:30:00Z`
const POINTS = [
  { RecoveryPointArn: 'older', Status: 'COMPLETED', CreationDate: DAY(1) },
  { RecoveryPointArn: 'newest', Status: 'COMPLETED', CreationDate: DAY(3) },
  { RecoveryPointArn: 'partial', Status: 'PARTIAL', CreationDate: DAY(4) },
  { RecoveryPointArn: 'old', Status: 'COMPLETED', CreationDate: DAY(2) },
]
const METADATA = { DBInstanceIdentifier: 'live', DBInstanceClass: 'db.r6g.large', DBSubnetGroupName: 'data' }

export function accountWith(trouble: Trouble, account: Account) {
  const { points = POINTS, ends = {}, asks = 1, failing, times = Number.POSITIVE_INFINITY } = trouble
  const jobs = new Map<string, number>()
  let failures = 0
  const services: Record<string, (request: Resource) => unknown> = {
    'backup:listRecoveryPointsByBackupVault': () => ({ RecoveryPoints: points }),
    'backup:getRecoveryPointRestoreMetadata': () => ({ RestoreMetadata: METADATA }),
    'backup:startRestoreJob': ({ ResourceType, Metadata }) => {
      jobs.set(ResourceType, asks)
      if (ResourceType === 'RDS') account.instances.push(Metadata.DBInstanceIdentifier)
      else account.objects = Array.from({ length: 450 }, (_, index) => `1/${index}/model.pkl`)
      return { RestoreJobId: ResourceType }
    },
    'backup:describeRestoreJob': ({ RestoreJobId }) => {
      const left = jobs.get(RestoreJobId) ?? 0
      jobs.set(RestoreJobId, left - 1)
      if (left > 0) return { Status: 'RUNNING' }
      const Status = ends[RestoreJobId] ?? 'COMPLETED'
      return Status === 'COMPLETED' ? { Status } : { Status, StatusMessage: 'no room' }
    },
    'rds:modifyDBInstance': () => ({}),
    'rds:describeDBInstances': ({ DbInstanceIdentifier }) => ({
      DbInstances: [
        {
          DbInstanceIdentifier,
          DbInstanceStatus: 'available',
          Endpoint: { Address: 'restored.example' },
          MasterUserSecret: { SecretStatus: 'active', SecretArn: 'arn:secret' },
        },
      ],
    }),
    'ecs:runTask.sync': () => ({}),
    'rds:deleteDBInstance': ({ DbInstanceIdentifier }) => {
      if (!account.instances.includes(DbInstanceIdentifier))
        throw new StateError('Rds.DbInstanceNotFoundException', 'not there')
      account.instances = account.instances.filter((one) => one !== DbInstanceIdentifier)
      return {}
    },
    's3:listObjectsV2': ({ MaxKeys }) =>
      account.objects.length === 0
        ? {}
        : { Contents: account.objects.slice(0, MaxKeys).map((Key) => ({ Key })) },
    's3:deleteObjects': ({ Delete: { Objects } }) => {
      if (trouble.kept) return { Errors: Objects.map(({ Key }: Resource) => ({ Key, Code: 'AccessDenied' })) }
      if (trouble.endless) return {}
      const keys = Objects.map(({ Key }: { Key: string }) => Key)
      account.objects = account.objects.filter((one) => !keys.includes(one))
      return {}
    },
    'sns:publish': (request) => account.reports.push(request),
  }
  return (state: string, action: string, request: Variables): unknown => {
    account.asked.push({ state, request })
    if (state === failing && failures++ < times) throw new StateError('Refused', 'by the test')
    const answer = services[action]
    if (!answer) throw new Error(`the test does not know ${action}`)
    return answer(request)
  }
}
