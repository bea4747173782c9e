/** A checkout of its own, whose files a test may change as a developer does, and the CDK CLI in it. */
import { execFile } from 'node:child_process'
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { REPOSITORY } from '../support/installed.ts'
import { inherited } from '../support/server-process.ts'
import { ACCOUNT, type Ministack, REGION } from './ministack.ts'

const LEFT_OUT = ['.cache', '.git', 'bench', 'cdk.out', 'dist', 'docs', 'node_modules', 'test']

export interface Outcome {
  readonly code: number
  readonly printed: string
}

export class Checkout {
  readonly folder: string
  readonly #aws: Ministack

  private constructor(aws: Ministack) {
    this.#aws = aws
    this.folder = join(aws.folder, 'checkout')
  }

  /** @param settings are the EnterpriseStack's, in the file a person writes */
  static async copy(aws: Ministack, settings: Record<string, unknown>): Promise<Checkout> {
    const checkout = new Checkout(aws)
    const kept = (path: string) => !LEFT_OUT.includes(relative(REPOSITORY, path))
    await cp(REPOSITORY, checkout.folder, { recursive: true, filter: kept })
    await symlink(join(REPOSITORY, 'node_modules'), join(checkout.folder, 'node_modules'))
    await writeFile(join(checkout.folder, 'trackyard.json'), JSON.stringify(settings))
    return checkout
  }

  /** Another image from now on: the repository's Dockerfile, and these lines at its end. */
  async changeImage(...lines: string[]): Promise<void> {
    const dockerfile = await readFile(join(REPOSITORY, 'docker/Dockerfile'), 'utf8')
    await writeFile(join(this.folder, 'docker/Dockerfile'), [dockerfile, ...lines, ''].join('\n'))
  }

  /** How many resources of a type the deployed template keeps when the stack goes. */
  async kept(): Promise<(type: string) => number> {
    const file = join(this.folder, 'cdk.out/EnterpriseStack.template.json')
    const { Resources } = JSON.parse(await readFile(file, 'utf8'))
    const kept = Object.values<{ Type: string; DeletionPolicy?: string }>(Resources)
    return (type) => kept.filter((one) => one.Type === type && one.DeletionPolicy === 'Retain').length
  }

  /** Runs the CDK CLI. @throws with what it printed when it fails */
  async mustCdk(...args: string[]): Promise<string> {
    const { code, printed } = await this.cdk(...args)
    if (code !== 0) throw new Error(`cdk ${args[0]} ended with ${code}:\n${printed}`)
    return printed
  }

  bootstrap(): Promise<string> {
    return this.mustCdk('bootstrap', `aws://${ACCOUNT}/${REGION}`)
  }

  /** Runs the CDK CLI to its end, well or not. */
  async cdk(...args: string[]): Promise<Outcome> {
    const program = join(REPOSITORY, 'node_modules/.bin/cdk')
    const env = {
      ...inherited(),
      ...this.#aws.environment,
      CDK_DISABLE_CLI_TELEMETRY: '1',
      PATH: `${join(REPOSITORY, 'node_modules/.bin')}:${process.env.PATH}`,
    }
    const options = { cwd: this.folder, env, maxBuffer: 64_000_000 }
    const all = ['--ci', '--no-color', '--no-notices', ...args]
    return promisify(execFile)(program, all, options).then(
      ({ stdout, stderr }) => ({ code: 0, printed: stdout + stderr }),
      ({ code, stdout, stderr }) => ({ code, printed: stdout + stderr }),
    )
  }
}
