import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installPackage, typeErrors } from '../support/forked.ts'
import { run } from '../support/mlflow.ts'

/** A stack of one's own, in twenty lines: a VPC that is there, a bucket that is one's own, no load balancer. */
const APP = `import { App, Stack } from 'aws-cdk-lib'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { Cluster } from 'trackyard/constructs/cdk/cluster'
import { Database } from 'trackyard/constructs/cdk/database'
import { Service } from 'trackyard/constructs/cdk/service'

const stack = new Stack(new App(), 'Models')
const zones = { availabilityZones: ['eu-central-1a', 'eu-central-1b'], vpcCidrBlock: '10.1.0.0/16' }
const subnets = { privateSubnetIds: ['subnet-0a', 'subnet-0b'], isolatedSubnetIds: ['subnet-0c', 'subnet-0d'] }
const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-0a1b', ...zones, ...subnets })
const bucket = new Bucket(stack, 'Models', { versioned: true })
const database = new Database(stack, 'Database', { vpc })
const { cluster, capacityProviderName } = new Cluster(stack, 'Cluster', { vpc })
const { host, port, credentials } = database
const service = new Service(stack, 'Service', {
  cluster,
  capacityProviderName,
  image: ContainerImage.fromRegistry('registry.example.com/trackyard:1.2.3'),
  databaseCredentials: credentials,
  settings: { tier: 'enterprise', database: { kind: 'postgres', host, port }, artifacts: { kind: 's3', bucket: bucket.bucketName } },
})
database.connections.allowDefaultPortFrom(service)
bucket.grantReadWrite(service)
`

describe("a CDK stack of one's own", () => {
  let project: string
  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'trackyard-cdk-fork-'))
    await installPackage(project, 'aws-cdk-lib', 'constructs')
    await writeFile(join(project, 'app.ts'), APP)
  }, 180_000)
  afterAll(() => rm(project, { recursive: true, force: true }))

  it('is type-checked against the package', async () => {
    const wrong = APP.replace("tier: 'enterprise'", "tier: 'enterprise', replica: 3")
    await writeFile(join(project, 'wrong.ts'), wrong)
    expect(await typeErrors(project, 'app.ts', 'wrong.ts')).toEqual([
      expect.stringMatching(/wrong\.ts.*'replica'/),
    ])
  }, 120_000)

  it('has the constructs of the package in a VPC that is there, and a bucket of its own, without a network', async () => {
    const app = join(project, 'app.ts')
    await run(process.execPath, [app], { ...ALONE, CDK_OUTDIR: join(project, 'out') })
    const { Resources } = JSON.parse(await readFile(join(project, 'out/Models.template.json'), 'utf8'))
    const types = Object.values<{ Type: string }>(Resources).map(({ Type }) => Type)
    expect(types).toEqual(expect.arrayContaining(['AWS::ECS::Service', 'AWS::RDS::DBInstance']))
    expect(types.filter((type) => /EC2::(VPC|Subnet)$|S3::Bucket$/.test(type))).toEqual(['AWS::S3::Bucket'])
    const tasks = JSON.stringify(Object.values(Resources).filter((one) => isTask(one)))
    expect(tasks).toContain('"MLFLOW_ARTIFACTS_DESTINATION","Value":{"Fn::Join":["",["s3://",{"Ref":"Models')
  }, 60_000)

  it('is priced by the command of the package', async () => {
    const command = join(project, 'node_modules/trackyard/dist/server/cli.js')
    const text = await run(process.execPath, [command, 'estimate', join(project, 'out'), '--json'])
    expect(JSON.parse(text)).toMatchObject([{ stack: 'Models', notPriced: [] }])
  })
})

// Whoever asks a network gets no answer.
const ALONE = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' }

function isTask(resource: unknown): boolean {
  return (resource as { Type: string }).Type === 'AWS::ECS::TaskDefinition'
}
