/** Whether there are rows of resources that this server keeps in its database and does not serve yet. */
import type { Db } from '../db/index.ts'

type ByExperiment = 'issues' | 'scorers' | 'label_schemas' | 'review_queues'

export async function hasRows(
  db: Db,
  table: ByExperiment,
  experimentIds: readonly number[],
): Promise<boolean> {
  if (experimentIds.length === 0) return false
  const row = await db
    .selectFrom(table)
    .select('experiment_id')
    .where('experiment_id', 'in', experimentIds)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Without ids: whether there is any dataset at all. */
export async function hasEvaluationDatasets(db: Db, experimentIds: readonly number[]): Promise<boolean> {
  if (experimentIds.length === 0) {
    return (
      (await db.selectFrom('evaluation_datasets').select('dataset_id').limit(1).executeTakeFirst()) !==
      undefined
    )
  }
  const row = await db
    .selectFrom('entity_associations')
    .select('association_id')
    .where('destination_type', '=', 'experiment')
    .where('destination_id', 'in', experimentIds.map(String))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
