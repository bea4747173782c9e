/** One intended difference, and the few ways to say which answers it covers. */
import type { Database, Found } from './compare.ts'

export const AREAS = {
  http: 'HTTP and errors',
  runs: 'Experiments, runs, metrics',
  search: 'Search',
  registry: 'Model registry and logged models',
  traces: 'Traces',
  webhooks: 'Webhooks',
  artifacts: 'Artifacts',
  graphql: 'GraphQL',
  login: 'Login',
} as const

export interface Difference {
  readonly id: string
  readonly area: keyof typeof AREAS
  readonly where: string
  readonly mlflow: string
  readonly ours: string
  readonly reason: string
  /** What shows it: what of the differential test it covers, or the file of another test. */
  readonly shownBy: Covers | string
  /** Which rows it leaves in one database alone: what `describeRow` says of them. */
  readonly leaves?: readonly RegExp[]
}

export interface Covers {
  (found: Found): boolean
  /** Where it covers single steps: each of them must still differ. */
  readonly steps?: readonly CoveredStep[]
}

interface CoveredStep {
  readonly name: string
  /** Every database, when absent. */
  readonly on?: Database
}

/** The answers to these steps (`scenario: step`), while the two servers' statuses are these. */
export function answersTo(theirs: number, ours: number, ...steps: string[]): Covers {
  return onSteps(steps, (found) => hasStatuses(found, theirs, ours))
}

/** The named fields of the answers to these steps. */
export function fieldsOf(fields: RegExp, ...steps: string[]): Covers {
  return onSteps(steps, ({ field }) => fields.test(field))
}

/** The words of an error, while its status and its code are the same. */
export function wordsOf(...steps: string[]): Covers {
  return onSteps(steps, isWordsOnly)
}

export function anyOf(...parts: readonly Covers[]): Covers {
  const covers = (found: Found) => parts.some((part) => part(found))
  return Object.assign(covers, { steps: parts.flatMap(({ steps = [] }) => steps) })
}

/** What is so with one kind of database only. */
export function onlyOn(database: Database, part: Covers): Covers {
  const covers = (found: Found) => found.database === database && part(found)
  return Object.assign(covers, { steps: part.steps?.map(({ name }) => ({ name, on: database })) ?? [] })
}

function onSteps(names: readonly string[], matches: (found: Found) => boolean): Covers {
  const covers = (found: Found) => names.includes(nameOf(found)) && matches(found)
  return Object.assign(covers, { steps: names.map((name) => ({ name })) })
}

export function isWordsOnly({ field, answers: { theirs, ours } }: Found): boolean {
  return (
    field === 'body.message' && theirs.status === ours.status && codeOf(theirs.body) === codeOf(ours.body)
  )
}

function hasStatuses({ answers }: Found, theirs: number, ours: number): boolean {
  return answers.theirs.status === theirs && answers.ours.status === ours
}

export function codeOf(body: unknown): unknown {
  return (body as { error_code?: unknown } | undefined)?.error_code
}

export function nameOf({ scenario, step }: Found): string {
  return `${scenario}: ${step.name}`
}
