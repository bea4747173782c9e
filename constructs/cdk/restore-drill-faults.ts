/** How long a drill waits, and where it goes on when something fails. */
import { expression, WAIT_SECONDS } from './state-language.ts'

/** A day of waiting for each thing. */
export const MOST_WAITS = (24 * 3600) / WAIT_SECONDS

/** Goes to what destroys, and remembers why. */
export const CAUGHT = [
  {
    ErrorEquals: ['States.ALL'],
    Assign: { failure: expression("$states.errorOutput.Error & ': ' & $states.errorOutput.Cause") },
    Next: 'HasDatabaseJob',
  },
]
