/** Stands in for Pulumi's engine: hands every resource of a program to a test. */
import * as pulumi from '@pulumi/pulumi'

export interface Registered {
  readonly type: string
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: inputs of any resource
  readonly inputs: Record<string, any>
}

/** Makes a resource: gives its id, and outputs besides its inputs. */
export type Create = (resource: Registered) => Promise<Created>

export interface Created {
  readonly id: string
  readonly outputs?: Record<string, unknown>
}

const named: Create = async ({ name }) => ({ id: `id-of-${name}` })

/** From now on, resources are what `create` makes of them. @returns what is registered, as it comes */
export async function startEngine(stack: string, create: Create = named): Promise<Registered[]> {
  const registered: Registered[] = []
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs }) => {
        registered.push({ type, name, inputs })
        const { id, outputs } = await create({ type, name, inputs })
        return { id, state: { ...inputs, ...outputs } }
      },
      call: ({ inputs }) => inputs,
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
