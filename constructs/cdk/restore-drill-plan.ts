/** What a restore drill is about. */
export interface DrillPlan {
  readonly vaultName: string
  readonly databaseArn: string
  readonly bucketArn: string
  readonly restoreRoleArn: string
  /** Name that the database is restored as; nothing else is ever deleted. */
  readonly instanceName: string
  readonly instanceClass: string
  /** Of the live instance itself: a proxy refuses who says that he only reads, and ends long statements. */
  readonly liveHost: string
  readonly securityGroupId: string
  /** Key of the restored database's password. */
  readonly secretKeyArn: string
  /** Bucket that artifacts are restored to; all in it is the drill's. */
  readonly targetBucket: string
  readonly targetKeyArn: string
  /** What the servers' keys begin with. */
  readonly prefix: string | undefined
  readonly topicArn: string
  readonly task: {
    readonly clusterArn: string
    readonly definitionArn: string
    readonly capacityProvider: string
    readonly container: string
    readonly roleArn: string
    readonly subnets: readonly string[]
    readonly securityGroups: readonly string[]
  }
}
