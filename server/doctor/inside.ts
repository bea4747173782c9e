/** What can be seen of a server from its own machine, with its own settings. */
import type { Config } from '../config.ts'
import type { Db } from '../db/index.ts'
import { checkBackups } from './backups.ts'
import { checkConnections, checkDatabase, checkDatabaseClock, checkRevision, checkSize } from './database.ts'
import type { Check } from './finding.ts'
import { checkDiskSpace, checkFolders } from './folders.ts'
import { checkPort } from './port.ts'
import { checkArtifacts } from './store.ts'

/** One server: its settings, its database, and the folder of its backups where that can be seen. */
export interface Inside {
  readonly config: Config
  /** Opened when it is first asked for. */
  database(): Db
  readonly backups: string
}

export const INSIDE: readonly Check<Inside>[] = [
  { name: 'port', run: checkPort },
  { name: 'folders', run: checkFolders },
  { name: 'disk space', run: checkDiskSpace },
  { name: 'database', run: checkDatabase },
  { name: 'revision', needs: 'database', run: checkRevision },
  { name: 'size', needs: 'database', run: checkSize },
  { name: 'connections', needs: 'database', run: checkConnections },
  { name: 'clock', needs: 'database', run: checkDatabaseClock },
  { name: 'artifacts', run: checkArtifacts },
  { name: 'backups', run: checkBackups },
]
