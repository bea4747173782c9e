/** Which experiment or registered model things belong to, for many at once. */
import type { Db } from '../db/index.ts'
import { inChunks } from './chunks.ts'
import { WORKSPACE } from './experiments.ts'
import { isPrompt, PROMPT_TAG } from './registered-models.ts'

/** The experiment of what is known by an id. */
export interface InExperiment {
  readonly id: string
  readonly experiment_id: number | null
}

export async function listExperimentsOfRuns(db: Db, ids: readonly string[]): Promise<InExperiment[]> {
  return inChunks(ids, (some) =>
    db.selectFrom('runs').select(['run_uuid as id', 'experiment_id']).where('run_uuid', 'in', some).execute(),
  )
}

export async function listExperimentsOfLoggedModels(db: Db, ids: readonly string[]): Promise<InExperiment[]> {
  return inChunks(ids, (some) =>
    db
      .selectFrom('logged_models')
      .select(['model_id as id', 'experiment_id'])
      .where('model_id', 'in', some)
      .execute(),
  )
}

export async function listExperimentsOfTraces(db: Db, ids: readonly string[]): Promise<InExperiment[]> {
  return inChunks(ids, (some) =>
    db
      .selectFrom('trace_info')
      .select(['request_id as id', 'experiment_id'])
      .where('request_id', 'in', some)
      .execute(),
  )
}

/** Those of the registered models that there are, and whether each is a prompt. */
export async function listRegistered(
  db: Db,
  names: readonly string[],
): Promise<{ name: string; isPrompt: boolean }[]> {
  const rows = await inChunks(names, (some) =>
    db
      .selectFrom('registered_models as model')
      .leftJoin('registered_model_tags as tag', (join) =>
        join
          .onRef('tag.workspace', '=', 'model.workspace')
          .onRef('tag.name', '=', 'model.name')
          .on('tag.key', '=', PROMPT_TAG),
      )
      .select(['model.name', 'tag.key', 'tag.value'])
      .where('model.workspace', '=', WORKSPACE)
      .where('model.name', 'in', some)
      .execute(),
  )
  // MySQL joins what is spelled like it too, and so may have several of a model.
  return [...Map.groupBy(rows, ({ name }) => name)].map(([name, tags]) => ({
    name,
    isPrompt: isPrompt(tags.map(({ key, value }) => ({ key: key ?? '', value }))),
  }))
}

export async function listModelsOfActivities(
  db: Db,
  ids: readonly string[],
): Promise<{ id: string; name: string }[]> {
  return inChunks(ids, (some) =>
    db
      .selectFrom('trackyard_model_activities')
      .select(['id', 'name'])
      .where('workspace', '=', WORKSPACE)
      .where('id', 'in', some)
      .execute(),
  )
}

/** The experiments whose artifacts are at one of these locations. */
export async function listExperimentsAt(
  db: Db,
  locations: readonly string[],
): Promise<{ experiment_id: number; artifact_location: string | null }[]> {
  return inChunks(locations, (some) =>
    db
      .selectFrom('experiments')
      .select(['experiment_id', 'artifact_location'])
      .where('artifact_location', 'in', some)
      .execute(),
  )
}
