import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { App } from 'aws-cdk-lib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Evidence } from '../../server/evidence/report.ts'
import { acknowledgedStackOf } from './profiles.ts'

const CLI = join(import.meta.dirname, '../../bin/trackyard')

let root: string
/** What `cdk synth` makes of the stack. */
let assembly: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'trackyard-evidence-'))
  assembly = join(root, 'cdk.out')
  const app = acknowledgedStackOf('standard', assembly).node.root as App
  app.synth()
}, 120_000)
afterAll(() => rm(root, { recursive: true, force: true }))

describe('trackyard evidence of the real stack', () => {
  it('says with which key everything is encrypted, and what listens', async () => {
    const [{ encryption, network }] = await evidence(assembly)
    expect(encryption.atRest).toEqual(
      expect.arrayContaining([
        { resource: id('DatabaseInstance'), type: 'AWS::RDS::DBInstance', key: arn('DatabaseKey') },
        { resource: id('ArtifactsBucket'), type: 'AWS::S3::Bucket', key: arn('ArtifactsKey') },
      ]),
    )
    expect(encryption.onTheWay).toEqual(
      expect.arrayContaining([
        { resource: id('DatabaseParameters'), says: 'rds.force_ssl=1' },
        { resource: id('ArtifactsBucket'), says: 'refuses requests without TLS' },
      ]),
    )
    expect(network.listeners).toEqual([expect.objectContaining({ scheme: 'internal' })])
  })

  it('says who connects to what', async () => {
    const [{ network }] = await evidence(assembly)
    const between = network.edges.filter(
      ({ from, to }) => /SecurityGroup/.test(from) && /SecurityGroup/.test(to),
    )
    expect(between).toEqual(
      expect.arrayContaining([
        {
          from: id('EdgeLoadBalancerSecurityGroup'),
          to: id('ServiceSecurityGroup'),
          ports: 'tcp 5000',
          rules: 'out, in',
        },
        expect.objectContaining({ from: id('ServiceSecurityGroup'), to: id('DatabaseSecurityGroup') }),
      ]),
    )
  })

  it('says who may read the password of the administrator of the database', async () => {
    const [{ access }] = await evidence(assembly)
    const readers = access.statements.filter(({ statement }) =>
      statement.Action.includes('secretsmanager:GetSecretValue'),
    )
    expect(readers).toEqual([expect.objectContaining({ of: id('ServiceTaskExecutionRole'), kind: 'role' })])
    expect(access.roles).toContainEqual({
      role: id('ServiceTaskTaskRole'),
      trusted: ['ecs-tasks.amazonaws.com'],
    })
  })

  it('says what outlives it, and that CDK found nothing', async () => {
    const [{ kept, scanners }] = await evidence(assembly)
    expect(kept).toContainEqual({
      resource: id('ArtifactsBucket'),
      type: 'AWS::S3::Bucket',
      whenDeleted: 'Retain',
      whenReplaced: 'Retain',
      locked: '',
    })
    expect(scanners).toEqual([{ scanner: 'CloudFormation Validate', findings: [] }])
  })

  it('is a document with a table for each question', async () => {
    const { stdout } = await trackyard(assembly)
    expect(stdout.match(/^##+ .*$/gm)).toMatchInlineSnapshot(`
      [
        "## Scanners",
        "## Acknowledged findings",
        "## Encryption",
        "### At rest",
        "### On the way",
        "## Network",
        "### What listens",
        "### Who may connect to what",
        "## Access",
        "### Who takes which role on",
        "### Policies kept by AWS",
        "### What each role may",
        "### What resources say about who reads them",
        "### What may go through endpoints of the VPC",
        "## What outlives the stack",
      ]
    `)
    expect(stdout).toMatch(
      /^\| ServiceTaskExecutionRole\w+ \| the role \| Allow \| secretsmanager:GetSecretValue \|/m,
    )
  })
})

describe('what scanners wrote', () => {
  it('is in the report, and fails it when something was found', async () => {
    const checkov = {
      results: { failed_checks: [{ check_id: 'CKV_AWS_18', resource: 'AWS::S3::Bucket.Bucket' }] },
      summary: { checkov_version: '3.3.30' },
    }
    const lint = [{ Rule: { Id: 'W3005' }, Location: { Path: ['Resources', 'Service', 'DependsOn'] } }]
    const args = (await Promise.all([checkov, lint].map(file))).flatMap((path) => ['--result', path])
    const run = trackyard(assembly, ...args)
    await expect(run).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /\| checkov 3\.3\.30 \| 1 \| CKV_AWS_18 at .*\n\| cfn-lint \| 1 \| W3005 at Service \|/,
      ),
    })
  })

  it('is refused when no scanner wrote it', async () => {
    const path = await file({ findings: 0 })
    await expect(trackyard(assembly, '--result', path)).rejects.toMatchObject({
      stderr: `trackyard: ${path}: neither JSON of checkov, nor of cfn-lint, nor a validation-report.json of CDK\n`,
    })
  })
})

describe('what is asked wrongly', () => {
  it('is answered in one line', async () => {
    const nothing = join(root, 'nothing')
    await expect(trackyard(nothing)).rejects.toMatchObject({
      stderr: `trackyard: ${nothing}: no such file or folder; make it with cdk synth\n`,
    })
    const path = await file({ a: 1 })
    await expect(trackyard(path)).rejects.toMatchObject({
      stderr: expect.stringMatching(/^trackyard: .*: no CloudFormation template: .*\n$/),
    })
  })

  it('is one template out of the folder just as well', async () => {
    const path = join(root, 'mine.json')
    await copyFile(join(assembly, 'EnterpriseStack.template.json'), path)
    const [{ stack, scanners }] = await evidence(path)
    expect({ stack, scanners }).toEqual({ stack: 'mine', scanners: [] })
  })
})

let files = 0
async function file(content: object): Promise<string> {
  const path = join(root, `${++files}.json`)
  await writeFile(path, JSON.stringify(content))
  return path
}

function trackyard(...args: string[]) {
  return promisify(execFile)(CLI, ['evidence', ...args], { maxBuffer: 16_000_000 })
}

async function evidence(path: string): Promise<[Evidence]> {
  const { stdout } = await trackyard(path, '--json')
  return JSON.parse(stdout)
}

/** A logical id: the path of the construct, and a hash. */
function id(name: string) {
  return expect.stringMatching(new RegExp(`^${name}[0-9A-F]{8}$`))
}

function arn(name: string) {
  return expect.stringMatching(new RegExp(`^\\$\\{${name}[0-9A-F]{8}\\.Arn\\}$`))
}
