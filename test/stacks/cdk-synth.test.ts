import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { nodesOfPeople } from '../support/machine-node.ts'

const REPOSITORY = join(import.meta.dirname, '../..')
/** The ten lines that docs/enterprise.md begins with. */
const SETTINGS = 'examples/enterprise/trackyard.json'
const CDK = join(REPOSITORY, 'node_modules/aws-cdk/bin/cdk')

// Whoever asks a network, an account or an engine gets no answer.
const ALONE = {
  PATH: process.env.PATH,
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  DOCKER_HOST: 'tcp://127.0.0.1:9',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
}

describe.each(nodesOfPeople())('cdk synth EnterpriseStack under Node $version', ({ path }) => {
  it('needs no network, no account and no Docker', async () => {
    const HOME = await temporaryFolder()
    const app = `${path} --import tsx stacks/enterprise.ts`
    const args = [CDK, 'synth', 'EnterpriseStack', '--quiet', '--app', app, '--output', `${HOME}/out`]
    await promisify(execFile)(path, [...args, '--context', `settings=${SETTINGS}`], {
      cwd: REPOSITORY,
      env: { ...ALONE, HOME },
    })
    const { Resources, Outputs } = JSON.parse(
      await readFile(`${HOME}/out/EnterpriseStack.template.json`, 'utf8'),
    )
    expect(Object.values<{ Type: string }>(Resources).map(({ Type }) => Type)).toEqual(
      expect.arrayContaining([
        'AWS::EC2::VPC',
        'AWS::RDS::DBInstance',
        'AWS::S3::Bucket',
        'AWS::ECS::Service',
      ]),
    )
    expect(Object.keys(Outputs).sort()).toEqual([
      'AdminPasswordSecret',
      'ArtifactBucketName',
      'DashboardName',
      'DatabaseHost',
      'LogGroupName',
      'ServiceName',
      'TrackingUri',
      'Url',
    ])
  }, 120_000)

  it('says in plain words which option is wrong', async () => {
    const env = { ...ALONE, CDK_CONTEXT_JSON: JSON.stringify({ 'trackyard:replica': '3' }) }
    const run = promisify(execFile)(path, ['--import', 'tsx', 'stacks/enterprise.ts'], {
      cwd: REPOSITORY,
      env,
    })
    const { code, stderr } = await run.then(
      () => ({ code: 0, stderr: '' }),
      (error: { code: number; stderr: string }) => error,
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/ {2}replica: no such option; did you mean replicas\?/)
    expect(stderr).not.toMatch(/^\s+at /m)
  }, 60_000)
})
