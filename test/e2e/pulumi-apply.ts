/**
 * Applies Pulumi programs to a real Docker engine without Pulumi's own: each resource is made as its provider makes
 * it. A program that is applied again keeps what did not change and replaces what did, in Pulumi's order. There is no
 * diff of single properties and no state file, so it is not `pulumi up`.
 */
import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { onTestFinished } from 'vitest'
import type { Create, Created, Registered } from '../stacks/pulumi-engine.ts'
import { unwrapSecrets } from '../stacks/pulumi-engine.ts'
import { docker } from '../support/docker.ts'
import { makeContainer } from './pulumi-container.ts'

type Inputs = Registered['inputs']

interface Made extends Created {
  readonly remove?: () => Promise<unknown>
}

interface Kept {
  readonly inputs: Inputs
  readonly made: Made
}

const MAKERS: Record<string, (inputs: Inputs, name: string) => Promise<Made>> = {
  'docker:index/volume:Volume': makeVolume,
  'docker:index/network:Network': makeNetwork,
  'docker:index/remoteImage:RemoteImage': findImage,
  'docker:index/image:Image': buildImage,
  'docker:index/container:Container': makeContainer,
  'random:index/randomPassword:RandomPassword': makePassword,
}

/** One stack on the engine. */
export class AppliedStack {
  readonly #kept = new Map<string, Kept>()
  readonly #replaced: Kept[] = []
  readonly #pending: Promise<Created>[] = []
  readonly #failure = Promise.withResolvers<never>()
  #seen = new Set<string>()

  /** For `startEngine`. */
  readonly create: Create = (resource) => {
    const made = this.#make(resource)
    this.#pending.push(made)
    made.catch(this.#failure.reject)
    return made
  }

  /** Waits for a program, or for the first resource that cannot be made: its outputs would never come. */
  async apply<T>(program: () => Promise<T>): Promise<T> {
    const outputs = await Promise.race([program(), this.#failure.promise])
    await this.#finish()
    return outputs
  }

  async #make({ type, name, inputs }: Registered): Promise<Created> {
    const make = MAKERS[type]
    if (!make && type.startsWith('docker:')) throw new Error(`${type} cannot be made here: add it to MAKERS`)
    if (!make) return { id: name }
    const [key, wanted] = [`${type} ${name}`, unwrapSecrets(inputs)]
    this.#seen.add(key)
    const old = this.#kept.get(key)
    if (old && isDeepStrictEqual(old.inputs, wanted)) return old.made
    // What has a name of its own choice cannot be there twice: the constructs say so to Pulumi as well.
    if (old && wanted.name) await old.made.remove?.()
    else if (old) this.#replaced.push(old)
    const made = await make(wanted, name)
    this.#kept.set(key, { inputs: wanted, made })
    return made
  }

  /** Removes what was replaced, and what the program no longer has. */
  async #finish(): Promise<void> {
    await Promise.allSettled(this.#pending.splice(0))
    for (const { made } of this.#replaced.splice(0).reverse()) await made.remove?.()
    for (const [key, { made }] of [...this.#kept].reverse()) {
      if (this.#seen.has(key)) continue
      this.#kept.delete(key)
      await made.remove?.()
    }
    this.#seen = new Set()
  }

  /** Removes everything, volumes included. */
  async remove(): Promise<void> {
    this.#seen = new Set()
    await this.#finish()
  }
}

/** A stack that is gone when the test is over. */
export function appliedStack(): AppliedStack {
  const stack = new AppliedStack()
  onTestFinished(() => stack.remove())
  return stack
}

async function makeVolume(inputs: Inputs, logicalName: string): Promise<Made> {
  const name = inputs.name ?? autoName(logicalName)
  await docker('volume', 'create', ...labels(inputs), name)
  return { id: name, outputs: { name }, remove: () => docker('volume', 'rm', '--force', name) }
}

async function makeNetwork(inputs: Inputs): Promise<Made> {
  const { name, driver, internal } = inputs
  const options = [...labels(inputs), '--driver', driver, ...(internal ? ['--internal'] : [])]
  const id = await docker('network', 'create', ...options, name)
  return { id, outputs: { name }, remove: () => docker('network', 'rm', id) }
}

async function findImage({ name }: Inputs): Promise<Made> {
  const imageId = await docker('image', 'inspect', name, '--format', '{{.Id}}')
  return { id: imageId, outputs: { imageId } }
}

async function buildImage({ imageName, build }: Inputs): Promise<Made> {
  await docker('build', '--quiet', '--file', build.dockerfile, '--tag', imageName, build.context)
  const repoDigest = await docker('image', 'inspect', imageName, '--format', '{{.Id}}')
  return { id: repoDigest, outputs: { repoDigest }, remove: () => docker('rmi', '--force', imageName) }
}

async function makePassword({ length }: Inputs): Promise<Made> {
  const result = randomBytes(length).toString('hex').slice(0, length)
  return { id: 'none', outputs: { result } }
}

function labels(inputs: Inputs): string[] {
  return (inputs.labels ?? []).flatMap((one: Record<string, string>) => [
    '--label',
    `${one.label}=${one.value}`,
  ])
}

/** As Pulumi names what has no name. */
export function autoName(logicalName: string): string {
  return `${logicalName}-${randomBytes(4).toString('hex').slice(0, 7)}`
}
