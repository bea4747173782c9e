/** Connections to the database: how many an instance takes, and how many the servers may open. */
import { SETTINGS } from '../server/config-settings.ts'

const GIB = 1024 ** 3

/** Memory of the size `large` by the letters of the family, in GiB; each further size has twice as much. */
const LARGE_GIB: Readonly<Record<string, number>> = { c: 4, m: 8, r: 16, t: 8, x: 32 }

const SIZES: Readonly<Record<string, number>> = {
  micro: 1 / 8,
  small: 1 / 4,
  medium: 1 / 2,
  large: 1,
  xlarge: 2,
}

/**
 * `max_connections` that RDS gives PostgreSQL by default: LEAST(DBInstanceClassMemory / 9531392, 5000), of memory
 * without what the operating system and RDS itself take, here a tenth and 200 MiB.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
 * @param instanceType as in `m7g.large`; `db.` may stand before it
 * @returns undefined for a type whose memory its name does not say
 */
export function defaultMaxConnections(instanceType: string): number | undefined {
  const [, family = '', size = ''] = /^(?:db\.)?([a-z])\d[a-z]*\.(\w+)$/.exec(instanceType) ?? []
  const [, times] = /^(\d+)xlarge$/.exec(size) ?? []
  const [large, factor] = [LARGE_GIB[family], times ? 2 * Number(times) : SIZES[size]]
  if (large === undefined || factor === undefined) return undefined
  const memory = large * factor * GIB * 0.9 - 0.2 * GIB
  return Math.min(Math.floor(memory / 9_531_392), 5000)
}

export interface ConnectionDemand {
  /** Containers that run at the same time at most. */
  readonly tasks: number
  /** Processes in each. */
  readonly workers: number
  /** Whether a login is on: users have a database beside that of runs, and it has a pool of its own. */
  readonly login: boolean
  /** @default that of the server */
  readonly poolSize?: number | undefined
  /** @default that of the server */
  readonly poolOverflow?: number | undefined
}

/** What PostgreSQL and RDS keep for themselves, and a person, a backup and `trackyard gc` need at the same time. */
const RESERVE = 20

/** Old and new containers of a deployment run side by side, and each prepares the database when it starts. */
export function connectionsNeeded({
  tasks,
  workers,
  login,
  poolSize = SETTINGS.databasePoolSize.fallback,
  poolOverflow = SETTINGS.databasePoolOverflow.fallback,
}: ConnectionDemand): { readonly most: number; readonly sum: string } {
  const [pools, pool] = [login ? 2 : 1, poolSize + poolOverflow]
  const most = 2 * tasks * workers * pools * pool + tasks + RESERVE
  return {
    most,
    sum:
      `2 x ${tasks} containers (a deployment runs old and new ones) x ${workers} processes x ${pools} pools x ` +
      `${pool} connections + ${tasks} that prepare the database + ${RESERVE} in reserve = ${most}`,
  }
}
