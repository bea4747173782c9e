import { Match, Template } from 'aws-cdk-lib/assertions'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import { beforeAll, describe, expect, it } from 'vitest'
import { Database, type NewDatabaseProps } from '../../../constructs/cdk/database.ts'
import { emptyStack, onlyResource, plainVpc, type Resource, statementsOf } from './stack.ts'

describe('a proxy before a database', () => {
  let made: ReturnType<typeof proxied>
  let template: Template
  beforeAll(() => {
    made = proxied({ readReplica: true })
    template = Template.fromStack(made.stack)
  })

  it('asks for TLS and a token of IAM, brings one itself, and is given no secret', () => {
    const { Properties } = onlyResource(made.stack, 'AWS::RDS::DBProxy')
    expect(Properties).toMatchObject({
      EngineFamily: 'POSTGRESQL',
      RequireTLS: true,
      DefaultAuthScheme: 'IAM_AUTH',
      VpcSubnetIds: [{ Ref: expect.stringMatching(/data/) }, { Ref: expect.stringMatching(/data/) }],
    })
    expect(Properties.Auth).toBeUndefined()
    const [statement, ...others] = statementsOf(made.stack, 'ProxyRole')
    expect(others).toEqual([])
    expect(statement?.Action).toBe('rds-db:connect')
    expect(JSON.stringify(statement?.Resource)).toMatch(
      /"DatabaseInstance\w+","DbiResourceId"\]\},"\/trackyard"/,
    )
  })

  it('is what servers may log in to, and the instance is not; a replica is reached past it', () => {
    const [{ Action, Resource: ways } = {}, ...others] = statementsOf(made.stack, 'Server')
    expect([Action, others]).toEqual(['rds-db:connect', []])
    expect(ways.map((way: Resource) => JSON.stringify(way))).toEqual([
      expect.stringMatching(/DatabaseReplica\w+","DbiResourceId.*\/trackyard/),
      expect.stringMatching(/DatabaseProxy\w+","DBProxyArn.*\/trackyard/),
    ])
    expect(made.database.settings).toMatchObject({ proxyHost: made.database.proxy?.endpoint })
    expect(made.database.settings).toHaveProperty('replicaHost')
  })

  it('is passed by who is granted the instance itself', () => {
    const { stack, database } = proxied({ readReplica: true })
    const reader = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() })
    database.grantLoginPastProxy(reader)
    const [{ Action, Resource: way } = {}, ...others] = statementsOf(stack, 'Reader')
    expect([Action, others]).toEqual(['rds-db:connect', []])
    expect(JSON.stringify(way)).toMatch(/DatabaseInstance\w+","DbiResourceId.*\/trackyard/)
  })

  it('takes its share of the connections, and makes nobody wait longer for one than a server does', () => {
    template.hasResourceProperties('AWS::RDS::DBProxyTargetGroup', {
      DBInstanceIdentifiers: [{ Ref: Match.stringLikeRegexp('^DatabaseInstance') }],
      ConnectionPoolConfigurationInfo: {
        MaxConnectionsPercent: 75,
        MaxIdleConnectionsPercent: 50,
        ConnectionBorrowTimeout: 10,
      },
    })
  })

  it('lets the servers in at 5432, reaches the instance there, and nothing else', () => {
    const edges = Object.values<Resource>(template.findResources('AWS::EC2::SecurityGroupIngress')).map(
      ({ Properties }) => [
        nameOf(Properties.SourceSecurityGroupId),
        nameOf(Properties.GroupId),
        Properties.ToPort,
      ],
    )
    const port = { 'Fn::GetAtt': [expect.stringMatching(/^DatabaseInstance/), 'Endpoint.Port'] }
    expect(edges).toEqual(
      expect.arrayContaining([
        ['DatabaseProxySecurityGroup', 'DatabaseSecurityGroup', port],
        ['Client', 'DatabaseSecurityGroup', 5432],
        ['Client', 'DatabaseProxySecurityGroup', 5432],
      ]),
    )
    expect(edges).toHaveLength(3)
  })

  it('keeps its log for three months, in a group that is there before it writes', () => {
    const { Properties, DependsOn } = onlyResource(made.stack, 'AWS::RDS::DBProxy')
    const [path, ...rest] = Properties.DBProxyName['Fn::Join'][1]
    const LogGroupName = { 'Fn::Join': ['', [`/aws/rds/proxy/${path}`, ...rest]] }
    template.hasResource('AWS::Logs::LogGroup', {
      DeletionPolicy: 'Retain',
      Properties: { LogGroupName, RetentionInDays: 90 },
    })
    expect(DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^DatabaseProxyLog/)]))
  })

  it('is refused with a password for the servers, and without a connection for anybody', () => {
    expect(() => proxied({ login: 'password' })).toThrow('a proxy needs the login iam')
    expect(() => proxied({ proxy: { connectionsPercent: 100 } })).toThrow('must be from 1 to 99, got 100')
  })

  it('lets more servers in than the instance has connections for, as long as each pool can have one', () => {
    const demand = { tasks: 6, workers: 2, login: true }
    const small = { instanceType: new ec2.InstanceType('t4g.medium') }
    expect(() => proxied({ ...small, proxy: undefined }).database.requireRoomFor(demand)).toThrow(
      /may need 746/,
    )
    proxied(small).database.requireRoomFor(demand)
    expect(() => proxied({ ...small, readReplica: true }).database.requireRoomFor(demand)).toThrow(
      /^database: the servers may need 386 connections to the replica, which takes about 383: /,
    )
    expect(() => proxied({ maxConnections: 60 }).database.requireRoomFor(demand)).toThrow(
      /75 % of about 60 connections, 45, and the servers may have 48 pools that need one each; use a larger/,
    )
    expect(() => proxied({ maxConnections: 100 }).database.requireRoomFor(demand)).toThrow(
      /75, and those who go past it may need 26 of the 25 that are left; use a larger/,
    )
  })
})

function proxied(
  props: Omit<Partial<NewDatabaseProps>, 'proxy'> & { proxy?: NewDatabaseProps['proxy'] | undefined },
) {
  const stack = emptyStack()
  const vpc = plainVpc(stack)
  const { proxy = {}, ...others } = props
  const database = new Database(stack, 'Database', {
    vpc,
    ...others,
    ...(!('proxy' in props && props.proxy === undefined) && { proxy }),
  })
  const server = new iam.Role(stack, 'Server', { assumedBy: new iam.AccountRootPrincipal() })
  database.grantLogin(server)
  const client = new ec2.SecurityGroup(stack, 'Client', { vpc, allowAllOutbound: false })
  database.connections.allowDefaultPortFrom(client)
  return { stack, database }
}

/** Of a security group that is named by its attribute, without the hash. */
function nameOf(group: Resource): string {
  return String(group['Fn::GetAtt']?.[0]).replace(/[0-9A-F]{8}$/, '')
}
