/** How long an idle connection lasts, at AWS's load balancer and at the servers behind it. */
import { LONGEST_SILENCE_SECONDS } from '../server/config-settings.ts'

/** What AWS takes, and what there is where nothing is said: an answer that the server works on is not cut off. */
export const IDLE_SECONDS = { least: 1, most: 4000, fallback: LONGEST_SILENCE_SECONDS + 60 } as const

/** Servers keep a connection longer than any load balancer may, or requests meet one that has just been closed. */
export const KEEP_ALIVE_SECONDS = IDLE_SECONDS.most + 60
