import { Match, Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { keptOf } from '../../../server/evidence/keeping.ts'
import { parseTemplate } from '../../../server/evidence/template.ts'
import { keepingStack } from './keeping-stack.ts'
import { onlyResource, type Resource, statementsOf } from './stack.ts'

const COPY = {
  vaultArn: 'arn:aws:backup:eu-west-1:123456789012:backup-vault:copies',
  keyArn: 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555',
}

describe('backups', () => {
  const { stack } = keepingStack({
    backup: {
      at: '23:05',
      keepDays: 90,
      copyTo: { ...COPY, keepDays: 30 },
      lock: { minDays: 60, changeableDays: 3 },
    },
    gc: { delete: true, olderThanDays: 60, schedule: 'rate(7 days)' },
  })
  const template = Template.fromStack(stack)

  it('are made of database and artifacts each day, copied, and kept as long as told', () => {
    template.hasResourceProperties('AWS::Backup::BackupPlan', {
      BackupPlan: {
        BackupPlanRule: [
          Match.objectLike({
            ScheduleExpression: 'cron(5 23 * * ? *)',
            Lifecycle: { DeleteAfterDays: 90 },
            CopyActions: [{ DestinationBackupVaultArn: COPY.vaultArn, Lifecycle: { DeleteAfterDays: 30 } }],
          }),
        ],
      },
    })
    const { BackupSelection } = onlyResource(stack, 'AWS::Backup::BackupSelection').Properties
    expect(JSON.stringify(BackupSelection.Resources)).toMatch(/"DatabaseInstance.*"ArtifactsBucket/)
  })

  it('are in a vault with a key of its own, that is locked and stays', () => {
    template.hasResource('AWS::Backup::BackupVault', {
      DeletionPolicy: 'Retain',
      Properties: {
        EncryptionKeyArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^KeepingKey'), 'Arn'] },
        LockConfiguration: { MinRetentionDays: 60, ChangeableForDays: 3 },
        Notifications: { BackupVaultEvents: Match.arrayWith(['BACKUP_JOB_FAILED', 'COPY_JOB_FAILED']) },
      },
    })
    const kept = keptOf(parseTemplate(JSON.stringify(template)))
    expect(kept.find(({ type }) => type === 'AWS::Backup::BackupVault')?.locked).toBe('60 days')
  })

  it('are made by a role that reads, and may remove snapshots of its own only', () => {
    const statements = statementsOf(stack, 'KeepingBackupsRole')
    const removing = statements.filter(({ Action }) => /Delete|PutObject/.test(JSON.stringify(Action)))
    expect(removing.map(({ Resource }) => JSON.stringify(Resource))).toEqual([
      expect.stringContaining(':snapshot:awsbackup:*'),
      expect.stringContaining(':rule/AwsBackupManagedRule*'),
    ])
    const wide = statements.filter(({ Resource }) => Resource === '*')
    expect(wide.flatMap(({ Action }) => Action)).toEqual(['cloudwatch:GetMetricData', 'events:ListRules'])
    expect(JSON.stringify(statements.flatMap(({ Action }) => Action))).not.toContain('*')
  })

  it('do not bring a drill with them', () => {
    template.resourceCountIs('AWS::StepFunctions::StateMachine', 0)
  })

  it('the collection of garbage is a task with the image of the servers and another command', () => {
    const { Target, ScheduleExpression } = onlyResource(stack, 'AWS::Scheduler::Schedule').Properties
    expect(ScheduleExpression).toBe('rate(7 days)')
    expect(JSON.parse(Target.Input)).toEqual({
      containerOverrides: [{ name: 'server', command: ['gc', '--uploads', '--older-than=60d', '--delete'] }],
    })
    expect(Target.EcsParameters).toMatchObject({
      CapacityProviderStrategy: [{ CapacityProvider: 'instances', Weight: 1 }],
      TaskDefinitionArn: { Ref: expect.stringMatching(/^Task/) },
    })
  })
})

describe('without a word', () => {
  it('nothing is made, and garbage is listed only where it is asked for', () => {
    const { stack } = keepingStack({ gc: {} })
    const template = Template.fromStack(stack)
    for (const type of ['Backup::BackupVault', 'SNS::Topic', 'StepFunctions::StateMachine']) {
      template.resourceCountIs(`AWS::${type}`, 0)
    }
    const { Target } = onlyResource(stack, 'AWS::Scheduler::Schedule').Properties
    expect(JSON.parse(Target.Input).containerOverrides[0].command).toEqual([
      'gc',
      '--uploads',
      '--older-than=30d',
    ])
  })

  it.each([
    [{ drill: {} }, 'drill needs backup'],
    [
      { backup: { keepDays: 7, lock: { minDays: 30 } } },
      'lock.minDays is 30, and backups are kept for 7 days only',
    ],
  ])('%j is refused', (props, message) => {
    expect(() => keepingStack(props)).toThrow(message)
  })
})

describe('a restore drill', () => {
  let made: ReturnType<typeof keepingStack>
  let template: Template
  beforeAll(() => {
    made = keepingStack({ backup: {}, drill: {} })
    template = Template.fromStack(made.stack)
  })

  it('lets the restored database be reached by the drill alone, and reach nothing', () => {
    const groups = template.findResources('AWS::EC2::SecurityGroup')
    const [id, restored] = Object.entries(groups).find(([name]) => name.includes('Restored')) as [
      string,
      Resource,
    ]
    expect(restored.Properties.SecurityGroupEgress).toEqual([
      expect.objectContaining({ CidrIp: '255.255.255.255/32' }),
    ])
    const into = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')).filter(
      ({ Properties }) => Properties.GroupId['Fn::GetAtt'][0] === id,
    )
    expect(into.map(({ Properties }) => [Properties.FromPort, Properties.SourceSecurityGroupId])).toEqual([
      [expect.anything(), { 'Fn::GetAtt': [expect.stringContaining('DrillTaskSecurityGroup'), 'GroupId'] }],
    ])
  })

  it('changes and deletes the restored database and no other', () => {
    const changing = statementsOf(made.stack, 'KeepingDrillRole').filter(({ Action }) =>
      /rds:(Modify|Delete)/.test(JSON.stringify(Action)),
    )
    expect(changing).toHaveLength(1)
    expect(JSON.stringify(changing[0]?.Resource)).toMatch(/:db:test-?keeping-?drill[^"*]*"/i)
    expect(JSON.stringify(changing)).not.toContain('DatabaseInstance')
  })

  it('restores to a bucket of its own, whose objects go after a day whatever happens', () => {
    const writes = statementsOf(made.stack, 'KeepingDrillRestoreRole').filter(({ Action }) =>
      JSON.stringify(Action).includes('s3:PutObject'),
    )
    expect(JSON.stringify(writes.map(({ Resource }) => Resource))).toMatch(/^\[.*"KeepingDrillRestored.*\]$/)
    expect(JSON.stringify(writes)).not.toContain('ArtifactsBucket')
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 1 })] },
      VersioningConfiguration: Match.absent(),
    })
  })

  it('looks with a role that only reads', () => {
    const actions = statementsOf(made.stack, 'KeepingDrillTaskRole').flatMap(({ Action }) => Action)
    expect(new Set(actions)).toEqual(
      new Set([
        'rds-db:connect',
        'secretsmanager:GetSecretValue',
        'kms:Decrypt',
        's3:ListBucket',
        's3:GetObject',
      ]),
    )
  })

  it('has the parts that a role of it may act on named, but for what has no name', () => {
    const wide = ['KeepingDrillRole', 'KeepingDrillTaskRole', 'KeepingDrillRestoreRole'].flatMap((role) =>
      statementsOf(made.stack, role).filter(({ Resource }) => Resource === '*'),
    )
    expect(wide.flatMap(({ Action }) => Action)).toEqual(
      expect.arrayContaining(['backup:DescribeRestoreJob']),
    )
    expect(
      wide.flatMap(({ Action }) => Action).filter((action) => /^(s3|rds|iam|kms|ecs):/.test(action)),
    ).toEqual([])
  })
})
