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

const REMEDY =
  'use a larger instanceType, fewer containers or processes, or a smaller poolSize and poolOverflow'

/** What is wrong, with the numbers, when an instance takes fewer connections than its servers may need. */
export function lackOfRoom(
  demand: ConnectionDemand,
  connections: number,
  what = 'database',
): string | undefined {
  const { most, sum } = connectionsNeeded(demand)
  if (most <= connections) return undefined
  return `the servers may need ${most} connections to the ${what}, which takes about ${connections}: ${sum}; ${REMEDY}`
}

interface Proxied {
  /** Those the instance takes. */
  readonly connections: number
  /** Share of them that the proxy may open. */
  readonly percent: number
  /** Whether there is one, of the same size; it is reached past the proxy. */
  readonly replica: boolean
}

/**
 * The same where a proxy stands between. It must have one for each pool of a server, or some would wait for ever; who
 * prepares the database goes past it.
 */
export function lackOfRoomBesideProxy(
  demand: ConnectionDemand,
  { connections, percent, replica }: Proxied,
): string | undefined {
  const { tasks, workers, login } = demand
  const shared = Math.floor((connections * percent) / 100)
  const pools = 2 * tasks * workers * (login ? 2 : 1)
  const beside = tasks + RESERVE
  const takes = `the proxy may open ${percent} % of about ${connections} connections, ${shared}`
  if (shared < pools) return `${takes}, and the servers may have ${pools} pools that need one each; ${MORE}`
  if (connections - shared < beside) {
    return `${takes}, and those who go past it may need ${beside} of the ${connections - shared} that are left; ${MORE}`
  }
  return replica ? lackOfRoom({ ...demand, login: false }, connections, 'replica') : undefined
}

const MORE = 'use a larger instanceType, another connectionsPercent, or fewer containers or processes'
