/** Starting the server as a person does: what goes wrong ends in lines that say what to do. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { inherited } from '../support/server-process.ts'

const TRACKYARD = join(import.meta.dirname, '../../bin/trackyard')

describe('trackyard server', () => {
  it('names every wrong setting and ends', async () => {
    const { code, errors } = await run(['server', '--port=http'], { MLFLOW_SERVE_ARTIFACTS: 'perhaps' })
    expect(code).toBe(1)
    expect(errors).toEqual([
      'trackyard: MLFLOW_SERVE_ARTIFACTS="perhaps": must be true or false',
      'trackyard: --port="http": must be a whole number from 0 to 65535',
    ])
  })

  it('says that its port is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    onTestFinished(() => void holder.close())
    const { port } = holder.address() as { port: number }
    const { code, errors } = await run(['server', '--port', String(port)])
    expect(code).toBe(1)
    expect(errors).toEqual([
      `trackyard: port ${port} of 127.0.0.1 is in use; stop what holds it, or choose another with MLFLOW_PORT or --port`,
    ])
  })

  it('says which folder of the database is missing', async () => {
    const { code, errors } = await run(['server', '--backend-store-uri=sqlite:////nowhere/mlflow.db'])
    expect(code).toBe(1)
    expect(errors).toEqual([
      'trackyard: MLFLOW_BACKEND_STORE_URI names /nowhere/mlflow.db, and there is no folder /nowhere',
    ])
  })

  it('says that it cannot write where artifacts go', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'file'), '')
    const { code, errors } = await run(['server', '--artifacts-destination', join(folder, 'file/artifacts')])
    expect(code).toBe(1)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain('MLFLOW_ARTIFACTS_DESTINATION')
  })

  it('shows no password of a database it cannot use', async () => {
    const { code, errors } = await run(['server'], {
      MLFLOW_BACKEND_STORE_URI: 'postgresql://me:hunter2@db/x',
    })
    expect(code).toBe(1)
    expect(errors.join()).not.toContain('hunter2')
  })
})

it('trackyard --help lists the commands, and each command has a help of its own', async () => {
  const { code, output } = await run(['--help'])
  expect(code).toBe(0)
  const commands = [...output.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) {2,}/gm)].map((match) => match[1] as string)
  expect(commands).toEqual(expect.arrayContaining(['server', 'db upgrade', 'ui']))
  for (const command of commands) {
    const help = await run([...command.split(' '), '--help'])
    expect(help.output).toMatch(new RegExp(`^Usage: trackyard ${command}`))
  }
})

it('trackyard refuses a command there is not', async () => {
  const { code, errors } = await run(['serve'])
  expect(code).toBe(2)
  expect(errors[0]).toBe("trackyard: there is no command 'serve'")
})

it('trackyard db upgrade makes a database that is then right', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'data'))
  await chmod(join(folder, 'data'), 0o700)
  const uri = `sqlite:///${folder}/data/mlflow.db`
  expect((await run(['db', 'upgrade', uri])).output).toMatch(/created the schema of MLflow 3\.17\.2/)
  expect((await run(['db', 'upgrade', uri])).output).toMatch(/is at revision dc11669786a5 already/)
})

async function run(argv: string[], environment: Record<string, string> = {}) {
  const child = spawn(TRACKYARD, argv, {
    cwd: await temporaryFolder(),
    env: { ...inherited(), ...environment },
  })
  let [output, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output, errors: errors.trimEnd().split('\n') }
}
