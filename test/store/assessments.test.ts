import { expect, it } from 'vitest'
import { deleteExperiment } from '../../server/operations/experiment-lifecycle.ts'
import { createRun, deleteRun } from '../../server/operations/runs.ts'
import { testContext } from '../server/support.ts'

it('deletes what a run said of traces with the run, and with its experiment', async () => {
  const { db } = await testContext()
  const runs: string[] = []
  for (let i = 0; i < 3; i++) {
    const run = await createRun(db, { experimentId: 0, userId: '', startTime: 0, name: '', tags: [] })
    runs.push(run.row.run_uuid)
  }
  await db
    .insertInto('trace_info')
    .values({ request_id: 'tr-1', experiment_id: 0, timestamp_ms: 1, status: 'OK' })
    .execute()
  for (const [index, runId] of [...runs, 'somebody-else'].entries()) {
    await db
      .insertInto('assessments')
      .values({
        assessment_id: `a-${index}`,
        trace_id: 'tr-1',
        name: 'good',
        assessment_type: 'feedback',
        value: 'true',
        created_timestamp: 1,
        last_updated_timestamp: 1,
        source_type: 'HUMAN',
        valid: true,
        assessment_metadata: `{"x": 1, "mlflow.assessment.sourceRunId": "${runId}"}`,
      })
      .execute()
  }
  const left = async () =>
    (await db.selectFrom('assessments').select('assessment_id').orderBy('assessment_id').execute()).map(
      (row) => row.assessment_id,
    )
  await deleteRun(db, runs[1] as string, 1)
  expect(await left()).toEqual(['a-0', 'a-2', 'a-3'])
  await deleteExperiment(db, 0, 1)
  expect(await left()).toEqual(['a-3'])
})
