import type { OptionName, TrackingSettings } from './settings.ts'

interface Contradiction {
  readonly path: OptionName
  /** Says what to change. */
  readonly message: string
}

const LOOPBACK = ['127.0.0.1', '::1']

/** Options that are right each by itself and cannot be true together. */
export function contradictions(settings: TrackingSettings): Contradiction[] {
  const { tier, database, artifacts, workers, replicas, bindAddress } = settings
  const found: Contradiction[] = []
  const refuse = (when: boolean, path: OptionName, message: string) => when && found.push({ path, message })

  refuse(
    tier === 'local' && !LOOPBACK.includes(bindAddress),
    'bindAddress',
    'the local tier asks nobody who they are, so it listens on this machine only: use 127.0.0.1 or ::1',
  )
  refuse(
    tier === 'local' && database.kind !== 'sqlite',
    'database',
    'the local tier keeps its data in SQLite: leave database out, or choose another tier',
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
    database.kind === 'sqlite' && workers > 1,
    'workers',
    'SQLite is served by one process: set workers to 1, or use a database of kind postgres',
  )
  refuse(
    replicas > 1 && (database.kind === 'sqlite' || artifacts.kind === 'local'),
    'replicas',
    'several servers need a database of kind postgres and artifacts of kind s3: set replicas to 1, or use both',
  )
  return found
}
