import type { Insertable, Selectable, Updateable } from 'kysely'
import { dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import { textAfter } from '../db/text-match.ts'
import { upsert } from '../db/upsert.ts'
import { inChunks } from './chunks.ts'

export type AssessmentRow = Selectable<Database['assessments']>

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

/** What was said of some traces, the oldest first. */
export function listAssessments(db: Db, traceIds: readonly string[]): Promise<AssessmentRow[]> {
  return inChunks(traceIds, (ids) =>
    db
      .selectFrom('assessments')
      .selectAll()
      .where('trace_id', 'in', ids)
      .orderBy('created_timestamp')
      .orderBy('assessment_id')
      .execute(),
  )
}

export async function findAssessment(
  db: Db,
  traceId: string,
  id: string,
): Promise<AssessmentRow | undefined> {
  return db
    .selectFrom('assessments')
    .selectAll()
    .where('assessment_id', '=', id)
    .where('trace_id', '=', traceId)
    .executeTakeFirst()
}

/** Inserts assessments; those whose ids are there already stay as they are. */
export async function insertAssessments(
  db: Db,
  rows: readonly Insertable<Database['assessments']>[],
): Promise<void> {
  if (rows.length > 0) await upsert(db, 'assessments', rows, ['assessment_id'], [])
}

export async function updateAssessmentRow(
  db: Db,
  id: string,
  change: Updateable<Database['assessments']>,
): Promise<void> {
  await db.updateTable('assessments').set(change).where('assessment_id', '=', id).execute()
}

/** Whether an assessment counts, or another one has taken its place. @returns whether there is such a one */
export async function setAssessmentValid(
  db: Db,
  traceId: string,
  id: string,
  valid: boolean,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('assessments')
    .set({ valid })
    .where('assessment_id', '=', id)
    .where('trace_id', '=', traceId)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export async function deleteAssessmentRow(db: Db, id: string): Promise<void> {
  await db.deleteFrom('assessments').where('assessment_id', '=', id).execute()
}
