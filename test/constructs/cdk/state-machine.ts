/** Runs a state machine as Step Functions does, as far as the drill goes: JSONata, and a test that answers for AWS. */
import jsonata from 'jsonata'
import type { Resource } from './stack.ts'

export interface State {
  readonly Type: string
  readonly Resource?: string
  readonly Arguments?: Resource
  readonly Assign?: Variables
  readonly Seconds?: number
  readonly Next?: string
  readonly Default?: string
  readonly Cause?: unknown
  readonly Choices?: readonly {
    readonly Condition: string
    readonly Assign?: Variables
    readonly Next: string
  }[]
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[]; readonly MaxAttempts: number }[]
  readonly Catch?: readonly {
    readonly ErrorEquals: readonly string[]
    readonly Assign?: Variables
    readonly Next: string
  }[]
}

export type Variables = Readonly<Record<string, unknown>>
export type States = Readonly<Record<string, State>>

/** What AWS answers to the state of that name. @throws StateError */
export type Answer = (state: string, action: string, request: Variables) => unknown

export class StateError extends Error {
  override readonly name: string

  constructor(name: string, cause: string) {
    super(cause)
    this.name = name
  }
}

export interface Execution {
  readonly states: readonly string[]
  readonly status: 'Succeed' | 'Fail'
  readonly cause: unknown
}

const UNANSWERED = 'States.QueryEvaluationError'
const NAME = 'drill-1'
const context = {
  Execution: { Id: `arn:aws:states:eu-central-1:123456789012:execution:d:${NAME}`, Name: NAME },
}

export async function execute(machine: States, start: string, answer: Answer): Promise<Execution> {
  let variables: Variables = {}
  const states: string[] = []
  for (let name = start; ; ) {
    const state = machine[name]
    if (!state) throw new Error(`no state ${name}`)
    states.push(name)
    if (states.length > 20_000) throw new Error(`no end in sight at ${name}`)
    if (state.Type === 'Succeed' || state.Type === 'Fail') {
      return { states, status: state.Type, cause: await evaluated(state.Cause, variables, {}) }
    }
    const step = await (state.Type === 'Choice'
      ? chosen(state, variables)
      : done(name, state, variables, answer))
    variables = { ...variables, ...step.assigned }
    name = step.next
  }
}

interface Step {
  readonly next: string
  readonly assigned: Variables
}

async function chosen({ Choices = [], Default = '' }: State, variables: Variables): Promise<Step> {
  for (const { Condition, Assign, Next } of Choices) {
    const holds = await evaluated(Condition, variables, {})
    if (typeof holds !== 'boolean') throw new Error(`${Condition} is ${holds}`)
    if (holds) return { next: Next, assigned: await assigned(Assign, variables, {}) }
  }
  return { next: Default, assigned: {} }
}

/** What goes wrong is tried again as often as the state says, and is caught then. */
async function done(name: string, state: State, variables: Variables, answer: Answer): Promise<Step> {
  const { Resource, Arguments = {}, Assign, Next = '', Retry = [], Catch = [] } = state
  for (let attempt = 0; ; attempt++) {
    try {
      const request = (await evaluated(Arguments, variables, {})) as Variables
      const result = Resource ? answer(name, Resource.split(':').slice(-2).join(':'), request) : {}
      return { next: Next, assigned: await assigned(Assign, variables, { result }) }
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      const isMeant = (one: { readonly ErrorEquals: readonly string[] }) =>
        one.ErrorEquals.includes('States.ALL') || one.ErrorEquals.includes(error.name)
      if (attempt < (Retry.find(isMeant)?.MaxAttempts ?? 0)) continue
      const handler = Catch.find(isMeant)
      if (!handler) throw error
      const errorOutput = { Error: error.name, Cause: error.message }
      return { next: handler.Next, assigned: await assigned(handler.Assign, variables, { errorOutput }) }
    }
  }
}

async function assigned(assign: Variables = {}, variables: Variables, states: Variables): Promise<Variables> {
  return (await evaluated(assign, variables, states)) as Variables
}

/** Every expression within, of the variables as they were before. @throws StateError for one that gives nothing */
async function evaluated(value: unknown, variables: Variables, states: Variables): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((one) => evaluated(one, variables, states)))
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(async ([key, one]) => [
      key,
      await evaluated(one, variables, states),
    ])
    return Object.fromEntries(await Promise.all(entries))
  }
  const text = typeof value === 'string' && /^\{%(.*)%\}$/s.exec(value)?.[1]
  if (!text) return value
  const known = { ...variables, states: { ...states, context } }
  const given = await jsonata(text)
    .evaluate(undefined, known)
    .catch(({ message }) => Promise.reject(new StateError(UNANSWERED, message)))
  if (given === undefined) throw new StateError(UNANSWERED, `${text.trim()} gives nothing`)
  return JSON.parse(JSON.stringify(given))
}
