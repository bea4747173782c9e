/** Parts of a state machine in the language of Step Functions, with JSONata. */

export type State = Record<string, unknown>

/** An execution has 25,000 events; to ask once, look and wait are 9 of them. */
export const WAIT_SECONDS = 300

/** Too many requests, or AWS away for a moment. */
export const RETRY = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 10, MaxAttempts: 4, BackoffRate: 2 }]

/** A state that calls AWS by its SDK; the names in `body` are those of the SDK for Java. */
export const call = (service: string, action: string, body: State): State => ({
  Type: 'Task',
  Resource: `arn:aws:states:::aws-sdk:${service}:${action}`,
  ...body,
})

export const expression = (text: string) => `{% ${text} %}`

/** A variable that would get nothing is an error. */
export const orNothing = (text: string) => `$exists(${text}) ? ${text} : ''`
