import { dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { textAfter } from '../db/text-match.ts'

/** MLflow names the run an assessment was made by in the JSON beside it, spaced as Python writes it. */
const SOURCE_RUN = '"mlflow.assessment.sourceRunId": "'

const RUN_ID_LENGTH = 32

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
  await db
    .deleteFrom('assessments')
    .where('assessment_metadata', 'like', `%${SOURCE_RUN}%`)
    .where((eb) =>
      eb(textAfter(dialectOf(db), eb.ref('assessment_metadata'), SOURCE_RUN, RUN_ID_LENGTH), 'in', runs),
    )
    .execute()
}
