import type { OptionName, TrackingSettings } from './settings.ts'

interface Contradiction {
  readonly path: OptionName
  /** Says what to change. */
  readonly message: string
}

/** Options that nothing else could follow. */
const ONLY_TEAM = ['tls', 'login', 'backup', 'host'] as const

const LOOPBACK = ['127.0.0.1', '::1']

/** Options that are right each by itself and cannot be true together. */
export function contradictions(settings: TrackingSettings): Contradiction[] {
  const { tier, database, artifacts, workers, replicas, bindAddress, hostName, tls, port, signOn } = settings
  const loopback = LOOPBACK.includes(bindAddress)
  const found: Contradiction[] = []
  const refuse = (when: boolean, path: OptionName, message: string) => when && found.push({ path, message })

  refuse(
    tier === 'local' && !loopback,
    'bindAddress',
    'the local tier asks nobody who they are, so it listens on this machine only: use 127.0.0.1 or ::1',
  )
  refuse(
    tier === 'local' && database.kind !== 'sqlite',
    'database',
    'the local tier keeps its data in SQLite: leave database out, or choose another tier',
  )
  for (const option of ONLY_TEAM) {
    refuse(
      tier !== 'team' && settings[option] !== undefined,
      option,
      'only the team tier has it: leave it out, or use the stack team',
    )
  }
  refuse(
    tier === 'local' && hostName !== 'localhost',
    'hostName',
    'the local tier is reached as localhost: leave it out, or use the stack team',
  )
  refuse(
    tier === 'team' && database.kind !== 'container' && database.kind !== 'rds',
    'database',
    'the team tier runs its own PostgreSQL: leave it out for one in a container, or use kind rds',
  )
  refuse(
    tier === 'team' && database.kind === 'rds' && artifacts.kind === 'local',
    'artifacts',
    "backups of a database on RDS are RDS's own and hold no artifacts: use kind s3, or a database of kind container",
  )
  refuse(
    tls?.kind === 'acme' && (!hostName.includes('.') || port !== 443 || loopback),
    'tls',
    'the authority checks hostName by connecting to its port 443: set hostName to a public name, port to 443 and bindAddress to 0.0.0.0, or use kind internal or files',
  )
  refuse(
    tier === 'team' && !loopback && hostName === 'localhost',
    'hostName',
    'other machines do not reach this one as localhost: say which name they use',
  )
  refuse(
    tier === 'enterprise' && database.kind !== 'postgres',
    'database',
    'servers of the enterprise tier come and go, a SQLite file would go with them: use kind postgres',
  )
  refuse(
    tier === 'enterprise' && artifacts.kind !== 's3',
    'artifacts',
    'servers of the enterprise tier come and go, a local folder would go with them: use kind s3',
  )
  refuse(
    tier !== 'enterprise' && signOn !== undefined,
    'signOn',
    'only the enterprise tier has it: leave it out, or use the stack EnterpriseStack',
  )
  refuse(
    signOn?.people.kind === 'oidc' && hostName === 'localhost',
    'hostName',
    'people come back to it from their provider: say which name that is',
  )
  refuse(
    database.kind === 'sqlite' && workers > 1,
    'workers',
    'SQLite is served by one process: set workers to 1, or use a database of kind postgres',
  )
  refuse(
    tier !== 'team' && replicas > 1 && (database.kind === 'sqlite' || artifacts.kind === 'local'),
    'replicas',
    'several servers need a database of kind postgres and artifacts of kind s3: set replicas to 1, or use both',
  )
  return found
}
