/** Where two answers differ. */
import type { Answer } from './exchange.ts'
import type { Step } from './step.ts'

export type Database = 'sqlite' | 'postgres' | 'mysql'

/** One place where the servers' answers to a step differ. */
export interface Found {
  readonly database: Database
  readonly scenario: string
  readonly step: Step
  /** A dotted path: `status`, `body.message`, `body.run.info.status`. */
  readonly field: string
  /** Undefined where the answer has no such field. */
  readonly theirs: unknown
  readonly ours: unknown
  readonly answers: { readonly theirs: Answer; readonly ours: Answer }
}

export function compareAnswers(
  where: Pick<Found, 'database' | 'scenario' | 'step'>,
  answers: Found['answers'],
): Found[] {
  return [...differingFields('', answers.theirs, answers.ours)].map(([field, theirs, ours]) => ({
    ...where,
    field,
    theirs,
    ours,
    answers,
  }))
}

export function describeFound({ field, theirs, ours }: Found): string {
  return `${field}: MLflow ${shown(theirs)}, ours ${shown(ours)}`
}

type Difference = [field: string, theirs: unknown, ours: unknown]

function* differingFields(path: string, theirs: unknown, ours: unknown): Iterable<Difference> {
  if (isObject(theirs) && isObject(ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      yield* differingFields(path ? `${path}.${key}` : key, theirs[key], ours[key])
    }
  } else if (Array.isArray(theirs) && Array.isArray(ours)) {
    if (theirs.length !== ours.length) yield [`${path}.length`, theirs, ours]
    else for (const [at, item] of theirs.entries()) yield* differingFields(`${path}[${at}]`, item, ours[at])
  } else if (theirs !== ours) {
    yield [path, theirs, ours]
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 600)
}
