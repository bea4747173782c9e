import { expect, it } from 'vitest'
import { mapSecrets, startEngine, unwrapSecrets } from './pulumi-engine.ts'
import { runProgram } from './pulumi-program.ts'

const STACKS: [stack: string, config: Record<string, string>][] = [
  ['local', {}],
  ['team', { hostName: 'mlflow.example.com', port: '443', bindAddress: '0.0.0.0', replicas: '2' }],
]

it.each(STACKS)('the Pulumi stack %s creates what it did', async (stack, config) => {
  const registered = await startEngine(stack)
  await runProgram(config)
  const shown = registered.map(({ type, name, inputs }) => [`${type} ${name}`, hideSecrets(inputs)])
  expect(Object.fromEntries(shown.sort())).toMatchSnapshot()
})

it('the Pulumi stack team gives its secrets to the engine as secrets, and to nobody else', async () => {
  const registered = await startEngine('team')
  await runProgram()
  const secrets = ['secret-of-trackyard-password', 'secret-of-trackyard-login-password']
  const uploads = registered.filter(({ inputs }) => inputs.uploads)
  const readable = JSON.stringify(unwrapSecrets(uploads.map(({ inputs }) => inputs)))
  for (const secret of secrets) expect(readable).toContain(Buffer.from(secret).toString('base64'))
  const shown = JSON.stringify(registered.map(({ inputs }) => hideSecrets(inputs)))
  for (const secret of secrets) {
    expect(shown).not.toContain(secret)
    expect(shown).not.toContain(Buffer.from(secret).toString('base64'))
  }
})

it('the Pulumi stack team without a login gives its servers the password of their own database alone', async () => {
  const registered = await startEngine('team')
  await runProgram({ login: 'none' })
  const container = (name: string) =>
    registered.find((one) => one.name === name && one.type.endsWith(':Container'))?.inputs ?? {}
  expect(container('trackyard-server-1').envs.join('\n')).not.toMatch(/MLFLOW_APP_NAME|_AUTH_/)
  const { uploads } = unwrapSecrets(container('trackyard-server-files'))
  expect(uploads.map(({ file }: { file: string }) => file)).toEqual(['/run/trackyard/mlflow.password'])
})

/** The repository's own folder is where it is, and a script is shown in its file. */
function hideSecrets(inputs: unknown): unknown {
  const text = JSON.stringify(mapSecrets(inputs, () => '[secret]'))
  return JSON.parse(
    text.replaceAll(process.cwd(), '.').replace(/"[A-Za-z0-9+/]{400,}=*"/g, '"[content of a file]"'),
  )
}
