import { Match, Template } from 'aws-cdk-lib/assertions'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as rds from 'aws-cdk-lib/aws-rds'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { beforeAll, describe, expect, it } from 'vitest'
import { Database, type NewDatabaseProps } from '../../../constructs/cdk/database.ts'
import { textOf } from '../../../server/evidence/template.ts'
import { emptyStack, onlyResource, plainVpc, statementsOf } from './stack.ts'

function withDatabase(props: Partial<NewDatabaseProps> = {}) {
  const stack = emptyStack()
  const database = new Database(stack, 'Database', { vpc: plainVpc(stack), ...props })
  const server = new iam.Role(stack, 'Server', { assumedBy: new iam.AccountRootPrincipal() })
  database.grantLogin(server)
  return { stack, database, server }
}

describe('a database', () => {
  let made: ReturnType<typeof withDatabase>
  let template: Template
  beforeAll(() => {
    made = withDatabase()
    template = Template.fromStack(made.stack)
  })

  it('survives a zone, a mistake and a deletion', () => {
    template.hasResource('AWS::RDS::DBInstance', {
      DeletionPolicy: 'Snapshot',
      UpdateReplacePolicy: 'Snapshot',
      Properties: {
        MultiAZ: true,
        DeletionProtection: true,
        BackupRetentionPeriod: 14,
        CopyTagsToSnapshot: true,
        AutoMinorVersionUpgrade: true,
        MaxAllocatedStorage: 500,
      },
    })
  })

  it('is encrypted, out of reach of the internet, and speaks TLS only', () => {
    template.hasResourceProperties('AWS::RDS::DBInstance', {
      Engine: 'postgres',
      EngineVersion: '17.9',
      StorageEncrypted: true,
      KmsKeyId: Match.anyValue(),
      PerformanceInsightsKMSKeyId: Match.anyValue(),
      PubliclyAccessible: false,
      CACertificateIdentifier: 'rds-ca-rsa2048-g1',
      EnableIAMDatabaseAuthentication: true,
    })
    template.hasResourceProperties('AWS::RDS::DBParameterGroup', {
      Family: 'postgres17',
      Parameters: { 'rds.force_ssl': '1', log_parameter_max_length: '0' },
    })
    template.hasResource('AWS::KMS::Key', {
      DeletionPolicy: 'Retain',
      Properties: { EnableKeyRotation: true },
    })
  })

  it('has an administrator whose password no template holds, and whom servers are not', () => {
    template.hasResourceProperties('AWS::RDS::DBInstance', {
      ManageMasterUserPassword: true,
      MasterUserPassword: Match.absent(),
      MasterUsername: 'trackyard_admin',
      DBName: Match.absent(),
    })
    expect(made.database.settings).toMatchObject({
      iamUser: 'trackyard',
      name: 'mlflow',
      users: 'mlflow_users',
    })
    expect(made.database.credentials).toBeUndefined()
  })

  it('lets a server log in as its role and nobody else', () => {
    const [statement, ...others] = statementsOf(made.stack, 'Server')
    expect(others).toEqual([])
    expect(statement).toMatchObject({ Effect: 'Allow', Action: 'rds-db:connect' })
    expect(JSON.stringify(statement?.Resource)).toMatch(
      /:dbuser:",\{"Fn::GetAtt":\["DatabaseInstance\w+","DbiResourceId"\]\},"\/trackyard"/,
    )
  })

  it('keeps its log for three months, in groups that are there before it writes', () => {
    const { DBInstanceIdentifier } = onlyResource(made.stack, 'AWS::RDS::DBInstance').Properties
    const [path, id, which] = DBInstanceIdentifier['Fn::Join'][1]
    for (const log of ['postgresql', 'upgrade']) {
      const LogGroupName = { 'Fn::Join': ['', [`/aws/rds/instance/${path}`, id, `${which}/${log}`]] }
      template.hasResource('AWS::Logs::LogGroup', {
        DeletionPolicy: 'Retain',
        Properties: { LogGroupName, RetentionInDays: 90 },
      })
    }
    const { DependsOn } = onlyResource(made.stack, 'AWS::RDS::DBInstance')
    expect(DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/postgresql/)]))
  })

  it('has no way out of its security group', () => {
    const groups = Object.values(template.findResources('AWS::EC2::SecurityGroup'))
    expect(groups).toHaveLength(1)
    expect(groups[0]?.Properties.SecurityGroupIngress).toBeUndefined()
    expect(JSON.stringify(groups[0]?.Properties.SecurityGroupEgress)).toContain('255.255.255.255/32')
  })

  it('has ids that never change: another one would be an empty database', () => {
    const stateful = ['AWS::RDS::DBInstance', 'AWS::KMS::Key', 'AWS::Logs::LogGroup']
    const ids = stateful.flatMap((type) => Object.keys(template.findResources(type)))
    expect({
      ids,
      name: textOf(onlyResource(made.stack, 'AWS::RDS::DBInstance').Properties.DBInstanceIdentifier),
    }).toMatchInlineSnapshot(`
      {
        "ids": [
          "DatabaseInstanceAA8A5FDE",
          "DatabaseKey5E5D9547",
          "DatabaseLogprimarypostgresqlC9B51C53",
          "DatabaseLogprimaryupgrade7F2D2C8B",
        ],
        "name": "test-database-2a4228c6-{"Fn::Select":[0,{"Fn::Split":["-",{"Fn::Select":[2,{"Fn::Split":["/",{"Ref":"AWS::StackId"}]}]}]}]}-primary",
      }
    `)
  })
})

describe('a database with options', () => {
  it('takes the key it is given', () => {
    const stack = emptyStack()
    const encryptionKey = new kms.Key(stack, 'GivenKey')
    new Database(stack, 'Database', { vpc: plainVpc(stack), encryptionKey })
    Template.fromStack(stack).resourceCountIs('AWS::KMS::Key', 1)
  })

  it('may have a password for its servers, which no template holds', () => {
    const { stack, database } = withDatabase({ login: 'password' })
    expect(onlyResource(stack, 'AWS::SecretsManager::Secret').Properties).toMatchObject({
      KmsKeyId: expect.anything(),
      GenerateSecretString: {
        SecretStringTemplate: '{"username":"trackyard"}',
        GenerateStringKey: 'password',
      },
    })
    expect(database.settings).not.toHaveProperty('iamUser')
    expect(statementsOf(stack, 'Server')).toEqual([])
  })

  it('may have a replica, encrypted and watched like itself, which servers may log in to', () => {
    const { stack, database } = withDatabase({ readReplica: true })
    const template = Template.fromStack(stack)
    template.hasResource('AWS::RDS::DBInstance', {
      DeletionPolicy: 'Snapshot',
      Properties: {
        SourceDBInstanceIdentifier: Match.anyValue(),
        EnableIAMDatabaseAuthentication: true,
        DBParameterGroupName: Match.anyValue(),
      },
    })
    expect(database.settings).toHaveProperty('replicaHost')
    expect(JSON.stringify(statementsOf(stack, 'Server'))).toMatch(/DatabaseReplica\w+","DbiResourceId/)
    // RDS refuses a replica to an instance whose password it manages.
    template.resourcePropertiesCountIs('AWS::RDS::DBInstance', { ManageMasterUserPassword: true }, 0)
    template.resourceCountIs('AWS::SecretsManager::Secret', 1)
  })

  it('may be one that is there', () => {
    const stack = emptyStack()
    const securityGroups = [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-1')]
    const storageKey = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-central-1:123456789012:key/storage')
    const database = new Database(stack, 'Database', {
      storageKey,
      instance: rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Given', {
        instanceIdentifier: 'given',
        instanceEndpointAddress: 'db.example.com',
        instanceResourceId: 'db-ABC',
        port: 5433,
        securityGroups,
      }),
      administrator: secretsmanager.Secret.fromSecretCompleteArn(
        stack,
        'Secret',
        'arn:aws:secretsmanager:eu-central-1:123456789012:secret:given-AbCdEf',
      ),
    })
    const server = new iam.Role(stack, 'Server', { assumedBy: new iam.AccountRootPrincipal() })
    database.grantLogin(server)
    database.requireRoomFor({ tasks: 100, workers: 64, login: true })
    expect(database.settings).toMatchObject({ host: 'db.example.com', port: 5433 })
    expect(database.storageKey).toBe(storageKey)
    expect(JSON.stringify(statementsOf(stack, 'Server'))).toContain('dbuser:db-ABC/trackyard')
    Template.fromStack(stack).resourceCountIs('AWS::RDS::DBInstance', 0)
  })

  it('is refused without backups', () => {
    expect(() => withDatabase({ backupDays: 0 })).toThrow('backupDays must be at least 1, got 0')
  })

  it('is refused where the connections of its servers would not fit', () => {
    const micro = new ec2.InstanceType('t4g.micro')
    const demand = { tasks: 2, workers: 1, login: true }
    expect(() => withDatabase({ instanceType: micro }).database.requireRoomFor(demand)).toThrow(
      /may need 142 connections to the database, which takes about 78: 2 x 2 containers .* = 142; use a larger/,
    )
    withDatabase({ instanceType: micro, maxConnections: 142 }).database.requireRoomFor(demand)
    expect(() => withDatabase({ instanceType: new ec2.InstanceType('m7g.metal') })).toThrow(
      'how many connections m7g.metal takes is not known, say maxConnections',
    )
  })
})
