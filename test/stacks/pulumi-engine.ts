/** Stands in for Pulumi's engine: hands every resource of a program to a test. */
import * as pulumi from '@pulumi/pulumi'

export interface Registered {
  readonly type: string
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: inputs of any resource
  readonly inputs: Record<string, any>
  /** The provider of its own, where it has one. */
  readonly provider?: string
}

/** Makes a resource: gives its id, and outputs besides its inputs. */
export type Create = (resource: Registered) => Promise<Created>

export interface Created {
  readonly id: string
  readonly outputs?: Record<string, unknown>
}

/** What providers make up where a program leaves it to them. */
const named: Create = async ({ type, name, inputs }) => ({
  id: `id-of-${name}`,
  outputs: {
    ...(!inputs.name && { name: `${name}-1a2b3c4` }),
    ...(type.endsWith(':RandomPassword') && { result: `secret-of-${name}` }),
    ...(type.endsWith('mage') && { imageId: `sha256:${name}`, repoDigest: `sha256:${name}` }),
  },
})

/** What AWS answers. */
const ANSWERS: Record<string, object> = {
  'aws:index/getRegion:getRegion': { region: 'eu-central-1' },
  'aws:secretsmanager/getSecretVersion:getSecretVersion': {
    secretString: '{"username":"trackyard_admin","password":"secret-of-the-administrator"}',
  },
}

/** From now on, resources are what `create` makes of them. @returns what is registered, as it comes */
export async function startEngine(stack: string, create: Create = named): Promise<Registered[]> {
  const registered: Registered[] = []
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs, provider }) => {
        registered.push({ type, name, inputs, provider })
        const { id, outputs } = await create({ type, name, inputs })
        return { id, state: { ...inputs, ...outputs } }
      },
      call: ({ token, inputs }) => ({ ...inputs, ...ANSWERS[token] }),
    },
    'trackyard',
    stack,
    false,
  )
  return registered
}

export function resolved<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply((value) => resolve(value)))
}

/** What marks a secret among the inputs of a resource. */
const SECRET = '4dabf18193072939515e22adb298388d'

/** The same inputs with every secret in them readable. */
export function unwrapSecrets<T>(value: T): T
export function unwrapSecrets(value: unknown): unknown {
  return mapSecrets(value, (secret) => secret)
}

/** The same inputs with `replace` in the place of every secret. */
export function mapSecrets(value: unknown, replace: (secret: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => mapSecrets(one, replace))
  if (typeof value !== 'object' || value === null) return value
  if (SECRET in value && 'value' in value) return replace(mapSecrets(value.value, replace))
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapSecrets(one, replace)]))
}
