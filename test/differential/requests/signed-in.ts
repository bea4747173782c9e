/** Steps of people who are signed in. */
import type { Scenario, Step } from '../step.ts'

export const ADMIN_PASSWORD = 'a long enough password'
/** Of everybody else. */
export const PASSWORD = 'correct horse battery'

/** A scenario whose steps are the admin's, where they are nobody else's. */
export function byAdmin(name: string, steps: readonly Step[]): Scenario {
  return { name, steps: steps.map((step) => by('admin', step, ADMIN_PASSWORD)) }
}

export function by(username: string, step: Step, password = PASSWORD): Step {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return { ...step, headers: { authorization, ...step.headers } }
}

/** As nobody. */
export function unsigned(step: Step): Step {
  return { ...step, headers: { authorization: '' } }
}

/** With its parameters in the query and no body. */
export function byQuery(method: string, step: Step): Step {
  return { ...step, method }
}
