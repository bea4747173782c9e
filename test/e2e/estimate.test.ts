import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { REPOSITORY } from '../support/mlflow.ts'

const DATABASE = {
  Type: 'AWS::RDS::DBInstance',
  Properties: { DBInstanceClass: 'db.t4g.xlarge', MultiAZ: true, AllocatedStorage: '100' },
}

/** What `cdk synth` writes, as an app: as many keys as the context says. */
const APP = `
import { writeFileSync } from 'node:fs'
const { CDK_OUTDIR, CDK_CONTEXT_JSON } = process.env
const count = Number(JSON.parse(CDK_CONTEXT_JSON).keys)
if (!count) { console.error('how many keys?'); process.exit(1) }
const keys = Array.from({ length: count }, (_, index) => ['Key' + index, { Type: 'AWS::KMS::Key' }])
const Resources = { ...Object.fromEntries(keys), Database: ${JSON.stringify(DATABASE)} }
writeFileSync(CDK_OUTDIR + '/Models.template.json', JSON.stringify({ Resources }))
const environment = 'aws://unknown-account/eu-central-1'
writeFileSync(CDK_OUTDIR + '/manifest.json', JSON.stringify({ artifacts: { Models: { environment } } }))
`

describe('trackyard estimate', () => {
  it("prices what the app of cdk.json makes with its context and the command line's", async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'app.mjs'), APP)
    await writeFile(join(folder, 'cdk.json'), JSON.stringify({ app: 'node app.mjs', context: { keys: 1 } }))
    const [one] = await estimates(folder)
    expect(one).toMatchObject({ stack: 'Models', region: 'eu-central-1', currency: 'USD', notPriced: [] })
    // Two of twice the size of `large`, and two disks.
    expect(one.monthly).toBeCloseTo(1 + 2 * 2 * 730 * 0.147 + 2 * 100 * 0.137, 6)
    const [three] = await estimates(folder, '--context', 'keys=3', '--region', 'us-east-1')
    expect(three.monthly).toBeCloseTo(3 + 2 * 2 * 730 * 0.129 + 2 * 100 * 0.115, 6)
    await expect(run(folder, '-c', 'keys=none')).rejects.toMatchObject({
      code: 1,
      stderr: 'how many keys?\ntrackyard: node app.mjs: ended with 1\n',
    })
  })

  it('prints a line for each price, the sum, and what it assumes', async () => {
    const path = await template({ Key: { Type: 'AWS::KMS::Key' }, Group: { Type: 'AWS::Logs::LogGroup' } })
    const { stdout } = await run('/', path, '--assume', 'logsGiB=4')
    expect(stdout).toMatch(/^Key +key +1 x +1 +1\.00$/m)
    expect(stdout).toMatch(/^Group +written to all logs, GiB +4 x +0\.5 +2\.00$/m)
    // For good: ten years.
    expect(stdout).toMatch(/^A month, about +17\.60 USD$/m)
    expect(stdout).toMatch(/^Prices of \d{4}-\d\d: AWS's public price pages, .*approximate\.$/m)
    expect(stdout).toContain('4 GiB of logs')
  })

  it('says which resources it has no price of', async () => {
    const path = await template({ Stream: { Type: 'AWS::Kinesis::Stream' } })
    expect((await run('/', path)).stdout).toContain('Price not known here: AWS::Kinesis::Stream')
  })

  it.each([
    [['/nowhere'], '/nowhere: no such file or folder; make it with cdk synth'],
    [['--region', 'mars-1'], '--region mars-1: there are prices of us-east-1, eu-central-1'],
    [['--assume', 'logs=4'], '--assume logs: there are artifactsGiB, logsGiB,'],
    [['--assume', 'logsGiB=many'], '--assume logsGiB=many: must be a number, 0 or more'],
    [[], 'cdk.json: names no app'],
  ])('refuses %j in one line', async (args, message) => {
    const path = await template({ Key: { Type: 'AWS::KMS::Key' } })
    const given = args.length === 0 || args[0] === '/nowhere' ? args : [path, ...args]
    const { stderr } = await run('/', ...given).catch((error: { stderr: string }) => error)
    expect(stderr).toMatch(/^trackyard: .*\n$/)
    expect(stderr).toContain(message)
  })

  it('names an instance whose price it does not know', async () => {
    const properties = { ...DATABASE.Properties, DBInstanceClass: 'db.x9.large' }
    const path = await template({ Database: { Type: DATABASE.Type, Properties: properties } })
    await expect(run('/', path)).rejects.toThrow(
      /x9\.large: its price is not known here; there are those of t3, /,
    )
  })
})

async function template(Resources: Record<string, unknown>): Promise<string> {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'One.template.json'), JSON.stringify({ Resources }))
  return join(folder, 'One.template.json')
}

async function estimates(cwd: string, ...args: string[]) {
  return JSON.parse((await run(cwd, ...args, '--json')).stdout)
}

function run(cwd: string, ...args: string[]) {
  return promisify(execFile)(join(REPOSITORY, 'bin/trackyard'), ['estimate', ...args], { cwd })
}
