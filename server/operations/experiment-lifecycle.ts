/** Deleting and restoring an experiment: its runs go with it. */
import type { Db } from '../db/index.ts'
import { notFound } from '../errors.ts'
import { deleteAssessmentsOfRuns } from '../store/assessments.ts'
import { getExperiment, type LifecycleStage, setExperimentStage } from '../store/experiments.ts'
import { setStageOfRunsIn } from '../store/runs.ts'

export async function deleteExperiment(db: Db, id: number, now: number): Promise<void> {
  await move(db, id, 'active', 'deleted', now)
}

export async function restoreExperiment(db: Db, id: number, now: number): Promise<void> {
  await move(db, id, 'deleted', 'active', now)
}

async function move(
  db: Db,
  id: number,
  from: LifecycleStage,
  to: LifecycleStage,
  now: number,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const experiment = await getExperiment(tx, id)
    if (experiment.lifecycle_stage !== from) throw notFound(`No Experiment with id=${id} exists`)
    await setExperimentStage(tx, id, to, now)
    if (to === 'deleted') await deleteAssessmentsOfRuns(tx, { experimentId: id })
    await setStageOfRunsIn(tx, id, to, now)
  })
}
