import { z } from 'zod'

/** Names of the options there are at a place of a schema; of a union, those of the kind that `input` has there. */
export function optionNamesAt(
  schema: z.core.$ZodType,
  input: unknown,
  path: readonly PropertyKey[],
): readonly string[] {
  const here = unwrapped(schema, input)
  if (!(here instanceof z.ZodObject)) return []
  const [name, ...rest] = path
  if (name === undefined) return Object.keys(here.shape)
  const below = here.shape[name as string]
  return below ? optionNamesAt(below, (input as Record<PropertyKey, unknown>)?.[name], rest) : []
}

function unwrapped(schema: z.core.$ZodType, input: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator, options } = schema.def
    const kind = (input as Record<string, unknown> | undefined)?.[discriminator]
    const chosen = options.find((one) => hasKind(one, discriminator, kind))
    return chosen ? unwrapped(chosen, input) : schema
  }
  const { def } = schema as z.core.$ZodType & { def: { innerType?: z.core.$ZodType } }
  return def.innerType ? unwrapped(def.innerType, input) : schema
}

function hasKind(option: z.core.$ZodType, discriminator: string, kind: unknown): boolean {
  const schema = option instanceof z.ZodObject ? option.shape[discriminator] : undefined
  return schema?.safeParse(kind).success ?? false
}
