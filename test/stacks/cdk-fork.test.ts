import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { run } from '../support/mlflow.ts'

const ROOT = join(import.meta.dirname, '../..')

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
    await installPackage(project)
    await writeFile(join(project, 'package.json'), '{"private":true,"type":"module"}')
    await writeFile(join(project, 'app.ts'), APP)
  }, 180_000)
  afterAll(() => rm(project, { recursive: true, force: true }))

  it('is type-checked against the package', async () => {
    const wrong = APP.replace("tier: 'enterprise'", "tier: 'enterprise', replica: 3")
    await writeFile(join(project, 'wrong.ts'), wrong)
    const failure = await check('app.ts', 'wrong.ts').catch((error: { stdout: string }) => error)
    const errors = (failure as { stdout: string }).stdout.trim().split('\n')
    expect(errors.filter((line) => !line.startsWith(' '))).toEqual([
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

  function check(...files: string[]) {
    const tsc = join(ROOT, 'node_modules/.bin/tsc')
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--module', 'nodenext']
    const types = ['--target', 'es2024', '--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
    return run(tsc, [...options, ...types, ...files.map((file) => join(project, file))])
  }
})

// Whoever asks a network gets no answer.
const ALONE = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' }

/** What `npm pack` makes, unpacked as npm does, beside the packages that it needs. */
async function installPackage(project: string): Promise<void> {
  const source = join(project, 'source')
  const installed = join(project, 'node_modules/trackyard')
  await mkdir(installed, { recursive: true })
  for (const file of ['package.json', 'README.md', 'LICENSE', 'bin', 'docs', 'docker/team']) {
    await cp(join(ROOT, file), join(source, file), { recursive: true })
  }
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  await run(tsc, ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(source, 'dist')])
  await run('npm', ['pack', source, '--ignore-scripts', '--loglevel=error', '--pack-destination', project])
  const tarball = join(project, `trackyard-${packageJson.version}.tgz`)
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed])
  for (const dependency of ['aws-cdk-lib', 'constructs', ...Object.keys(packageJson.dependencies)]) {
    const place = join(project, 'node_modules', dependency)
    await mkdir(join(place, '..'), { recursive: true })
    await symlink(join(ROOT, 'node_modules', dependency), place)
  }
}

function isTask(resource: unknown): boolean {
  return (resource as { Type: string }).Type === 'AWS::ECS::TaskDefinition'
}
