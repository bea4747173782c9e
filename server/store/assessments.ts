import { sql } from 'kysely'
import type { Db } from '../db/index.ts'

/** MLflow names the run an assessment was made by in the JSON beside it, spaced as Python writes it. */
const SOURCE_RUN = '"mlflow.assessment.sourceRunId": "'

/** Deletes what deleted runs said of traces: all such runs of one experiment, or one of them. */
export async function deleteAssessmentsOfRuns(
  db: Db,
  of: { experimentId: number } | { runId: string },
): Promise<void> {
  const runs = db
    .selectFrom('runs')
    .select('run_uuid')
    .where((eb) =>
      'runId' in of ? eb('run_uuid', '=', of.runId) : eb('experiment_id', '=', of.experimentId),
    )
  const source = sql<string>`substr(assessment_metadata, instr(assessment_metadata, ${SOURCE_RUN}) + ${SOURCE_RUN.length}, 32)`
  await db
    .deleteFrom('assessments')
    .where('assessment_metadata', 'like', `%${SOURCE_RUN}%`)
    .where(source, 'in', runs)
    .execute()
}
