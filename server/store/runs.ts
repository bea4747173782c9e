import type { Db } from '../db/index.ts'
import type { LifecycleStage } from './experiments.ts'

/** Moves every run of an experiment to a stage; `now` becomes the deletion time of those deleted. */
export async function setStageOfRunsIn(
  db: Db,
  experimentId: number,
  stage: LifecycleStage,
  now: number,
): Promise<void> {
  await db
    .updateTable('runs')
    .set({ lifecycle_stage: stage, deleted_time: stage === 'deleted' ? now : null })
    .where('experiment_id', '=', experimentId)
    .execute()
}
