/** A synthesized CloudFormation template, as far as evidence is drawn from it. */
import { z } from 'zod'

const properties = z.record(z.string(), z.unknown())

const resource = z.object({
  Type: z.string(),
  Properties: properties.default({}),
  Metadata: properties.default({}),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
})

const template = z.object({ Resources: z.record(z.string(), resource) })

export type Properties = z.output<typeof properties>
export type Resource = z.output<typeof resource>
export type Template = z.output<typeof template>

/** @throws Error when the text is no template */
export function parseTemplate(text: string): Template {
  const parsed = template.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new Error('no CloudFormation template: it has no Resources with a Type each')
}

/** The resources of a type, by logical id. */
export function resourcesOf({ Resources }: Template, type: string): [string, Resource][] {
  return Object.entries(Resources).filter(([, { Type }]) => Type === type)
}

/** What is in a property, however deep. */
export function valueAt(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, name) =>
      typeof found === 'object' && found !== null
        ? (found as Record<string | number, unknown>)[name]
        : undefined,
    value,
  )
}

/** A value that may be one or several. */
export function listOf(value: unknown): unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

/** A value as text: what is known only when it is deployed is `${LogicalId}` or `${LogicalId.Attribute}`. */
export function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return value.map(textOf).join(', ')
  const [[name, argument] = ['', undefined], ...others] = Object.entries(value)
  if (others.length > 0) return JSON.stringify(value)
  switch (name) {
    case 'Ref':
      return `\${${textOf(argument)}}`
    case 'Fn::GetAtt':
      return `\${${listOf(argument).map(textOf).join('.')}}`
    case 'Fn::Sub':
      return textOf(listOf(argument)[0])
    case 'Fn::Join':
      return joined(argument) ?? JSON.stringify(value)
    default:
      return JSON.stringify(value)
  }
}

function joined(argument: unknown): string | undefined {
  const [separator, parts] = listOf(argument)
  return Array.isArray(parts) ? parts.map(textOf).join(String(separator)) : undefined
}
