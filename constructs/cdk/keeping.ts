import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as sns from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { Construct } from 'constructs'
import type { ArtifactBucket } from './artifact-bucket.ts'
import { Backups, type BackupsProps } from './backups.ts'
import type { Database } from './database.ts'
import { GarbageCollection, type GarbageCollectionProps, type TaskPlace } from './garbage-collection.ts'
import { RestoreDrill, type RestoreDrillProps } from './restore-drill.ts'

type Only<Props, Names extends keyof Props> = Pick<Props, Names>

export interface KeepingProps {
  readonly artifacts: ArtifactBucket
  readonly database: Database
  /** Where containers of the servers' image run. */
  readonly task: TaskPlace
  /**
   * Is told of failed backups, and of each drill. One that is imported must let AWS Backup publish, and so must its key.
   * @default a new one, that nobody has subscribed to
   */
  readonly topic?: sns.ITopic | undefined
  /**
   * Addresses of e-mail that the new topic tells; each must follow the link in a first letter.
   * @default none
   */
  readonly emails?: readonly string[] | undefined
  /**
   * Encrypts the log of drills; CloudWatch Logs must be allowed to use it.
   * @default a new key, rotated every year
   */
  readonly logKey?: kms.IKey | undefined
  /** @default no backups beside the database's own */
  readonly backup?: Only<BackupsProps, 'at' | 'keepDays' | 'copyTo' | 'lock'> | undefined
  /** Needs `backup`. @default none */
  readonly drill?: Only<RestoreDrillProps, 'schedule' | 'instanceClass'> | undefined
  /** @default none */
  readonly gc?: Only<GarbageCollectionProps, 'schedule' | 'olderThanDays' | 'delete'> | undefined
}

/** What keeps the data, and what removes it: backups, a drill that restores them, and the collection of garbage. */
export class Keeping extends Construct {
  readonly backups: Backups | undefined
  readonly drill: RestoreDrill | undefined
  readonly topic: sns.ITopic | undefined

  constructor(scope: Construct, id: string, props: KeepingProps) {
    super(scope, id)
    if (props.drill && !props.backup) throw new Error('drill needs backup: there would be nothing to restore')
    if (props.gc) new GarbageCollection(this, 'GarbageCollection', { ...props.task, ...props.gc })
    if (props.backup) {
      const encryptionKey = this.makeKey()
      this.topic = props.topic ?? this.makeTopic(encryptionKey, props.emails)
      const { instance, storageKey } = props.database
      const { bucket } = props.artifacts
      const kept = { databaseArn: instance.instanceArn, databaseKey: storageKey, bucket }
      const common = { ...kept, encryptionKey, topic: this.topic }
      this.backups = new Backups(this, 'Backups', { ...common, ...props.backup })
      this.drill = props.drill && this.makeDrill(props, { ...common, vault: this.backups.vault })
    }
  }

  private makeDrill(
    { task, database, artifacts, logKey, drill }: KeepingProps,
    common: Only<
      RestoreDrillProps,
      'databaseArn' | 'databaseKey' | 'bucket' | 'encryptionKey' | 'topic' | 'vault'
    >,
  ): RestoreDrill {
    const { prefix } = artifacts
    return new RestoreDrill(this, 'Drill', {
      ...task,
      ...common,
      database,
      databaseCredentials: database.credentials,
      prefix,
      logKey,
      ...drill,
    })
  }

  /** Of the vault, of what a drill restores, and of the reports. */
  private makeKey(): kms.Key {
    const key = new kms.Key(this, 'Key', {
      description: 'Backups and restore drills',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('backup.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    )
    return key
  }

  private makeTopic(masterKey: kms.IKey, emails: readonly string[] = []): sns.Topic {
    const topic = new sns.Topic(this, 'Topic', {
      displayName: 'Backups and restore drills',
      masterKey,
      enforceSSL: true,
    })
    for (const email of emails) topic.addSubscription(new EmailSubscription(email))
    return topic
  }
}
