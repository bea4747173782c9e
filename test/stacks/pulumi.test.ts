import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { nodesOfPeople } from '../support/machine-node.ts'
import { startEngine } from './pulumi-engine.ts'
import { runProgram } from './pulumi-program.ts'

describe('the Pulumi stack local', () => {
  it('is an image, a volume and a container in one component', async () => {
    const registered = await startEngine('local')
    await runProgram()
    expect(registered.map(({ type, name }) => [type, name])).toEqual(
      expect.arrayContaining([
        ['trackyard:docker:TrackingServer', 'trackyard'],
        ['docker:index/volume:Volume', 'trackyard-data'],
        ['docker:index/image:Image', 'trackyard-image'],
        ['docker:index/container:Container', 'trackyard'],
      ]),
    )
    expect(registered).toHaveLength(4)
  })

  it('takes its options from the stack configuration', async () => {
    const registered = await startEngine('local')
    const outputs = await runProgram({
      name: 'mine',
      port: '5001',
      allowedHosts: '["mlflow.example.com"]',
      staticPrefix: '/mlflow',
      image: 'trackyard:1.2.3',
    })
    const container = registered.find(({ type }) => type.endsWith(':Container'))?.inputs
    expect(container).toMatchObject({
      name: 'mine',
      ports: [{ internal: 5000, external: 5001, ip: '127.0.0.1' }],
      envs: expect.arrayContaining([
        'MLFLOW_SERVER_ALLOWED_HOSTS=mlflow.example.com',
        'MLFLOW_STATIC_PREFIX=/mlflow',
      ]),
    })
    expect(outputs).toMatchObject({ url: 'http://127.0.0.1:5001/mlflow', volumeName: 'mine-data' })
    expect(registered.map(({ type }) => type)).toContain('docker:index/remoteImage:RemoteImage')
  })

  it('says every mistake in the stack configuration in one message, before there is a resource', async () => {
    const registered = await startEngine('local')
    const failure = runProgram({ prot: '5001', memoryMiB: '12', workers: '4', tier: 'team' })
    await expect(failure).rejects.toThrow(
      [
        'Pulumi.local.yaml:',
        "tier: the stack's name says it; leave it out",
        'memoryMiB=12: must be a whole number from 256 to 1048576 MiB',
      ].join('\n  '),
    )
    await expect(failure).rejects.toThrow(/prot: no such option; did you mean port\?/)
    await expect(failure).rejects.toMatchObject({ __pulumiRunError: true })
    expect(registered).toEqual([])
  })
})

it.each([
  ['local', 'http://127.0.0.1:5000'],
  ['team', 'https://localhost'],
])('the Pulumi stack %s is what its file configures', async (stack, url) => {
  await startEngine(stack)
  const { config } = parse(await readFile(`Pulumi.${stack}.yaml`, 'utf8'))
  const options = Object.entries(config).map(([key, value]) => [key.replace('trackyard:', ''), `${value}`])
  expect(await runProgram(Object.fromEntries(options))).toMatchObject({ url })
})

describe('the Pulumi stack team', () => {
  it('says every mistake in the stack configuration in one message, before there is a resource', async () => {
    const registered = await startEngine('team')
    const failure = runProgram({
      database: '{"kind":"sqlite"}',
      backup: '{"at":"25:00"}',
      bindAddress: '0.0.0.0',
    })
    await expect(failure).rejects.toThrow(
      [
        'Pulumi.team.yaml:',
        'backup.at="25:00": must be a time such as 02:30',
        'database={"kind":"sqlite"}: the team tier runs its own PostgreSQL: leave it out for one in a container, or use kind rds',
        'hostName: other machines do not reach this one as localhost: say which name they use',
      ].join('\n  '),
    )
    expect(registered).toEqual([])
  })

  it('runs on another engine when it is told to', async () => {
    const registered = await startEngine('team')
    await runProgram({ host: 'ssh://ops@mlflow.example.com' })
    const engine = registered.find(({ type }) => type === 'pulumi:providers:docker')
    expect(engine?.inputs).toMatchObject({ host: 'ssh://ops@mlflow.example.com' })
    const containers = registered.filter(({ type }) => type.endsWith(':Container'))
    expect(new Set(containers.map(({ provider }) => provider))).toEqual(
      new Set(['urn:pulumi:team::trackyard::pulumi:providers:docker::engine::id-of-engine']),
    )
    // What it hands to a container goes through the engine: a path would be one of the other machine.
    const mounts = containers.flatMap(({ inputs }) => inputs.volumes ?? [])
    expect(mounts.length).toBeGreaterThan(5)
    expect(mounts.filter((one: object) => 'hostPath' in one || 'fromContainer' in one)).toEqual([])
  })

  it('labels everything it has on the engine', async () => {
    const registered = await startEngine('team')
    await runProgram({ labels: '{"owner":"ml-platform"}' })
    const onEngine = registered.filter(({ type }) => /^docker:index.*:(Container|Network|Volume)$/.test(type))
    expect(onEngine.length).toBeGreaterThan(10)
    const owner = { label: 'owner', value: 'ml-platform' }
    for (const { name, type, inputs } of onEngine)
      expect(inputs.labels, `${type} ${name}`).toContainEqual(owner)
  })

  it('says which file of a certificate it cannot read', async () => {
    const registered = await startEngine('team')
    const tls = '{"kind":"files","certificate":"/nowhere/certificate.pem","key":"/nowhere/key.pem"}'
    await expect(runProgram({ tls })).rejects.toThrow(/^tls.certificate: ENOENT.*\/nowhere\/certificate.pem/)
    expect(registered).toEqual([])
  })
})

it('the Pulumi stack prod ends with what to do instead', async () => {
  await startEngine('prod')
  await expect(runProgram()).rejects.toThrow(/stack prod: there is no such tier; use local or team/)
})

it.each(nodesOfPeople())(
  'the Pulumi program runs under Node $version as Pulumi.yaml starts it',
  async ({ path }) => {
    const { main, runtime } = parse(await readFile('Pulumi.yaml', 'utf8'))
    expect([main, runtime.options.typescript]).toEqual(['stacks/pulumi.ts', false])
    const program = [...runtime.options.nodeargs.split(' '), '../test/stacks/print-pulumi-program.ts']
    // Pulumi starts a program in the program's folder.
    const { stdout } = await promisify(execFile)(path, program, { cwd: 'stacks' })
    expect(JSON.parse(stdout)).toContain('docker:index/container:Container')
  },
  60_000,
)
