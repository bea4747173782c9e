/** Logging what a run consumed: datasets of its experiment, found by name and digest or made, and logged models. */
import type { Db } from '../db/index.ts'
import type { Tag } from '../store/experiments.ts'
import {
  type Dataset,
  findOrInsertDatasets,
  insertDatasetInput,
  linkModels,
  type ModelOutput,
} from '../store/inputs.ts'
import { getActiveRunRow } from '../store/runs.ts'
import { newHexId } from './ids.ts'

export interface LoggedDataset {
  readonly dataset: Dataset
  readonly tags: readonly Tag[]
}

export async function logInputs(
  db: Db,
  runId: string,
  datasets: readonly LoggedDataset[],
  modelIds: readonly string[],
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const run = await getActiveRunRow(tx, runId)
    const ids = await findOrInsertDatasets(
      tx,
      run.experiment_id ?? 0,
      datasets.map((one) => one.dataset),
      newHexId,
    )
    const seen = new Set<string>()
    for (const [index, { tags }] of datasets.entries()) {
      const datasetId = ids[index] as string
      if (seen.has(datasetId)) continue
      seen.add(datasetId)
      await insertDatasetInput(tx, runId, datasetId, tags, newHexId())
    }
    await linkModels(
      tx,
      'input',
      runId,
      modelIds.map((modelId) => ({ modelId, step: 0 })),
      newHexId,
    )
  })
}

export async function logOutputs(db: Db, runId: string, models: readonly ModelOutput[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await getActiveRunRow(tx, runId)
    await linkModels(tx, 'output', runId, models, newHexId)
  })
}
