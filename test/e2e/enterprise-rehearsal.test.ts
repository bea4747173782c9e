/** `cdk deploy` of the EnterpriseStack, rehearsed (decision 054). One stack for all: each test begins with what is there. */
import { join } from 'node:path'
import { ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Rehearsal } from '../rehearsal/enterprise.ts'
import { docker, hasDockerEngine } from '../support/docker.ts'
import { mlflowEnvironment, REPOSITORY, run } from '../support/mlflow.ts'
import { pythonEnvironment } from '../support/python.ts'
import { startWriters } from './writers.ts'

const engine = hasDockerEngine()
const mlflow = engine ? await mlflowEnvironment() : undefined
const ministack = engine ? await pythonEnvironment('requirements-ministack.txt') : undefined

const RELEASE = 'LABEL release=2'

/** Makes Node answer /health with 500, whatever the server says. */
const SICK =
  "--import=data:text/javascript,import{Server}from'node:http';const{emit}=Server.prototype;" +
  "Server.prototype.emit=function(n,q,s){if(n==='request'&&q.url==='/health')return!!s.writeHead(500).end();" +
  'return(emit.apply(this,arguments))}'

describe.skipIf(!mlflow || !ministack)('cdk deploy EnterpriseStack', { timeout: 400_000 }, () => {
  let rehearsal: Rehearsal

  beforeAll(async () => {
    if (!ministack) return
    rehearsal = await Rehearsal.begin(ministack)
    await rehearsal.checkout.bootstrap()
    await rehearsal.deploy()
  }, 600_000)

  afterAll(() => rehearsal?.end(), 120_000)

  it('starts the servers as the task definition confines them', async () => {
    // Deployed with one, it is then scaled to its least.
    await expect.poll(() => rehearsal.healthy(), { timeout: 60_000 }).toHaveLength(2)
    const containers = JSON.parse(await docker('inspect', ...(await rehearsal.tasks())))
    for (const { Config, HostConfig } of containers) {
      expect(Config.User).toBe('50000:50000')
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        Privileged: false,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        Memory: 512 * 1024 * 1024,
        PortBindings: {},
      })
    }
  })

  it('lets a stock client train, register and load a model', async () => {
    if (!mlflow) return
    const printed = await run(mlflow.python, [join(REPOSITORY, 'examples/training/train.py')], {
      ...rehearsal.environment,
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1',
    })
    expect(printed).toMatch(/^wine version 1 is the champion; predicts the same when loaded: True$/m)
  })

  it('keeps rows in its database and artifacts in its bucket', async () => {
    const s3 = rehearsal.client(S3Client)
    const { Contents = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: rehearsal.output('ArtifactBucketName') }),
    )
    expect(Contents.map(({ Key }) => Key)).toContainEqual(expect.stringMatching(/\/MLmodel$/))
    expect(await rehearsal.sql('select name, version from model_versions')).toBe('wine|1')
  })

  it('fails no request while its servers are replaced by those of another image', async () => {
    const { run_id, write, stop } = await startWriters(rehearsal)
    await write.until(50)
    await rehearsal.checkout.changeImage(RELEASE)
    await rehearsal.deploy()
    await write.until(write.done() + 50)
    const { acknowledged, failures } = await stop()
    expect(failures).toEqual([])
    expect(await rehearsal.releases()).toEqual(['2', '2'])
    expect(await stepsOf(rehearsal, run_id)).toEqual(new Set(acknowledged))
  })

  it.each([
    ['ends at once', 'CMD ["no-such-command"]'],
    ['answers /health with 500', `ENV NODE_OPTIONS="${SICK}"`],
  ])('goes back to the servers before, which serve all the time, when a release %s', async (_, line) => {
    const { write, stop } = await startWriters(rehearsal)
    const before = await rehearsal.tasks()
    await rehearsal.checkout.changeImage(RELEASE, line)
    const { code, printed } = await rehearsal.tryDeploy()
    await rehearsal.checkout.changeImage(RELEASE)
    await write.until(write.done() + 50)
    const { failures } = await stop()
    expect({ code, printed }).toMatchObject({ code: 1, printed: expect.stringContaining('Circuit Breaker') })
    // As wide as CDK's column is.
    expect(printed).toContain('UPDATE_ROLLBACK_COMPLET')
    expect(failures).toEqual([])
    // The last of its tasks may have until the stop timeout.
    await expect.poll(() => rehearsal.tasks(), { timeout: 60_000 }).toEqual(before)
  })

  it('goes on when the password of its database changes', async () => {
    const { write, stop } = await startWriters(rehearsal)
    await write.until(50)
    const before = await rehearsal.tasks()
    await rehearsal.rotatePassword()
    const rotated = write.done()
    await write.until(rotated + 200)
    const { acknowledged, failures } = await stop()
    // Each of the writers may be cut off once, with the connection that was its.
    expect(failures.length).toBeLessThanOrEqual(6)
    expect(acknowledged.length).toBeGreaterThan(200)
    expect(await rehearsal.tasks()).toEqual(before)
  })

  it('has nothing to change when nothing has changed', async () => {
    expect(await rehearsal.checkout.mustCdk('diff', '--fail')).toMatch(/no differences/i)
  })

  it('leaves nothing but what is to be kept when it is destroyed', async () => {
    const kept = await rehearsal.checkout.kept()
    await rehearsal.checkout.mustCdk('destroy', '--force')
    const left = () => docker('ps', '--all', '--quiet', '--filter', `network=${rehearsal.aws.network}`)
    await expect.poll(left, { timeout: 60_000 }).toBe('')
    const { Buckets = [] } = await rehearsal.client(S3Client).send(new ListBucketsCommand({}))
    // And the one of `cdk bootstrap`.
    expect(Buckets).toHaveLength(kept('AWS::S3::Bucket') + 1)
    expect(Buckets.map(({ Name }) => Name)).toContain(rehearsal.output('ArtifactBucketName'))
    const { SecretList = [] } = await rehearsal.client(SecretsManager).listSecrets()
    expect(SecretList).toHaveLength(kept('AWS::SecretsManager::Secret'))
  })
})

async function stepsOf(rehearsal: Rehearsal, run: string): Promise<Set<number>> {
  const rows = await rehearsal.sql(`select step from metrics where run_uuid = '${run}'`)
  return new Set(rows.split('\n').map(Number))
}
