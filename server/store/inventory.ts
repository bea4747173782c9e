/** How much there is, and a few of each kind by chance: what tells whether a restored database is whole. */
import { randomBytes } from 'node:crypto'
import type { Db } from '../db/index.ts'
import { readValue } from './metrics.ts'
import { DELETED_STAGE } from './model-versions.ts'
import { PROMPT_TAG } from './registered-models.ts'

/** LOGGED_MODEL_READY, as the database keeps it. */
const READY = 2

const COUNTED = [
  'experiments',
  'runs',
  'params',
  'latest_metrics',
  'logged_models',
  'registered_models',
  'model_versions',
  'trace_info',
] as const

export type Counts = Record<(typeof COUNTED)[number], number>

export async function countRows(db: Db): Promise<Counts> {
  const counted: [string, number][] = []
  for (const table of COUNTED) {
    counted.push([table, await countTable(db, table)])
  }
  return Object.fromEntries(counted) as Counts
}

/** Rows of the kinds that a server lists; of versions those of models, as its search has them. */
export interface Shown {
  readonly experiments: number
  readonly runs: number
  readonly registered_models: number
  readonly model_versions: number
}

export async function countShown(db: Db): Promise<Shown> {
  const versions = db
    .selectFrom('model_versions as version')
    .select((eb) => eb.fn.countAll<number | bigint>().as('count'))
    .where('version.current_stage', '!=', DELETED_STAGE)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('model_version_tags as tag')
            .select('tag.name')
            .whereRef('tag.name', '=', 'version.name')
            .whereRef('tag.workspace', '=', 'version.workspace')
            .where('tag.key', '=', PROMPT_TAG)
            .where('tag.value', '=', 'true'),
        ),
      ),
    )
  return {
    experiments: await countTable(db, 'experiments'),
    runs: await countTable(db, 'runs'),
    registered_models: await countTable(db, 'registered_models'),
    model_versions: Number((await versions.executeTakeFirstOrThrow()).count),
  }
}

async function countTable(db: Db, table: (typeof COUNTED)[number]): Promise<number> {
  const { count } = await db
    .selectFrom(table as 'runs')
    .select((eb) => eb.fn.countAll<number | bigint>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

export interface RunValues {
  readonly params: readonly { readonly key: string; readonly value: string }[]
  readonly tags: readonly { readonly key: string; readonly value: string | null }[]
  readonly metrics: readonly {
    readonly key: string
    readonly value: number
    readonly timestamp: number | bigint | null
    readonly step: number | bigint
  }[]
}

export async function readRunValues(db: Db, runId: string): Promise<RunValues> {
  const of = <T extends 'params' | 'tags'>(table: T) =>
    db
      .selectFrom(table as 'tags')
      .select(['key', 'value'])
      .where('run_uuid', '=', runId)
      .execute()
  const metrics = await db
    .selectFrom('latest_metrics')
    .select(['key', 'value', 'timestamp', 'step', 'is_nan'])
    .where('run_uuid', '=', runId)
    .execute()
  return {
    params: (await of('params')) as RunValues['params'],
    tags: await of('tags'),
    metrics: metrics.map((row) => ({ ...row, value: readValue(row) })),
  }
}

/** When the newest run began, in milliseconds since the epoch; undefined without any. */
export async function findNewestRunTime(db: Db): Promise<number | undefined> {
  const { newest } = await db
    .selectFrom('runs')
    .select((eb) => eb.fn.max('start_time').as('newest'))
    .executeTakeFirstOrThrow()
  return newest === null ? undefined : Number(newest)
}

/** Something whose artifacts are in a folder of its own. */
export interface ArtifactOwner {
  readonly kind: 'run' | 'logged model' | 'model version'
  readonly id: string
  readonly uri: string
  /** Whether there must be a file: a run may have none. */
  readonly hasFiles: boolean
}

/** `size` at most of each kind. Ids of runs and models are random, so what follows a random one is by chance. */
export async function sampleOwners(db: Db, size: number): Promise<ArtifactOwner[]> {
  const from = randomBytes(16).toString('hex')
  const runs = await around(size, (after, limit) => listRuns(db, after, limit), from)
  const models = await around(size, (after, limit) => listModels(db, after, limit), `m-${from}`)
  return [...runs, ...models, ...(await listNewestVersions(db, size))]
}

async function around(
  size: number,
  list: (after: string, limit: number) => Promise<ArtifactOwner[]>,
  from: string,
): Promise<ArtifactOwner[]> {
  const after = await list(from, size)
  const before = after.length < size ? await list('', size - after.length) : []
  return [...after, ...before.filter(({ id }) => id <= from)]
}

async function listRuns(db: Db, after: string, limit: number): Promise<ArtifactOwner[]> {
  const rows = await db
    .selectFrom('runs')
    .select(['run_uuid', 'artifact_uri'])
    .where('lifecycle_stage', '=', 'active')
    .where('run_uuid', '>', after)
    .orderBy('run_uuid')
    .limit(limit)
    .execute()
  return rows.map(({ run_uuid: id, artifact_uri }) => ({
    kind: 'run',
    id,
    uri: artifact_uri ?? '',
    hasFiles: false,
  }))
}

/** A model that is ready has been written whole, but for one that is kept elsewhere. */
async function listModels(db: Db, after: string, limit: number): Promise<ArtifactOwner[]> {
  const rows = await db
    .selectFrom('logged_models as model')
    .select(['model.model_id as id', 'model.artifact_location as uri'])
    .where('model.lifecycle_stage', '=', 'active')
    .where('model.status', '=', READY)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('logged_model_tags as tag')
            .select('tag.model_id')
            .whereRef('tag.model_id', '=', 'model.model_id')
            .where('tag.tag_key', '=', 'mlflow.model.isExternal'),
        ),
      ),
    )
    .where('model.model_id', '>', after)
    .orderBy('model.model_id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ kind: 'logged model', ...row, hasFiles: true }))
}

/** Names of versions are not random; the newest are those that the youngest backup may lack. A prompt has no files. */
async function listNewestVersions(db: Db, limit: number): Promise<ArtifactOwner[]> {
  const rows = await db
    .selectFrom('model_versions as version')
    .select(['version.name', 'version.version', 'version.source', 'version.storage_location'])
    .where('version.current_stage', '!=', DELETED_STAGE)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('registered_model_tags as tag')
            .select('tag.name')
            .whereRef('tag.name', '=', 'version.name')
            .whereRef('tag.workspace', '=', 'version.workspace')
            .where('tag.key', '=', PROMPT_TAG),
        ),
      ),
    )
    .orderBy('version.creation_time', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ name, version, source, storage_location }) => ({
    kind: 'model version',
    id: `${name}/${version}`,
    uri: storage_location || source || '',
    hasFiles: true,
  }))
}
