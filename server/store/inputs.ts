/** What runs consumed and produced: rows of `inputs` tie datasets to runs and runs to logged models. */
import type { Db } from '../db/index.ts'
import { upsert } from '../db/upsert.ts'
import type { Int64 } from '../wire.ts'
import { byId, inChunks } from './chunks.ts'
import type { Tag } from './experiments.ts'

export interface Dataset {
  readonly name: string
  readonly digest: string
  readonly sourceType: string
  readonly source: string
  readonly schema: string | null
  readonly profile: string | null
}

export interface DatasetInput {
  readonly runId: string
  readonly dataset: Dataset
  readonly tags: readonly Tag[]
}

export interface ModelOutput {
  readonly modelId: string
  readonly step: Int64
}

const MODEL_LINKS = {
  input: { source_type: 'RUN_INPUT', destination_type: 'MODEL_INPUT' },
  output: { source_type: 'RUN_OUTPUT', destination_type: 'MODEL_OUTPUT' },
} as const

export async function listDatasetInputs(db: Db, runIds: readonly string[]): Promise<DatasetInput[]> {
  const inputs = await inChunks(runIds, (ids) =>
    db
      .selectFrom('inputs')
      .innerJoin('datasets', 'datasets.dataset_uuid', 'inputs.source_id')
      .select([
        'inputs.input_uuid',
        'inputs.destination_id as runId',
        'name',
        'digest',
        'dataset_source_type as sourceType',
        'dataset_source as source',
        'dataset_schema as schema',
        'dataset_profile as profile',
      ])
      .where('inputs.source_type', '=', 'DATASET')
      .where('inputs.destination_type', '=', 'RUN')
      .where('inputs.destination_id', 'in', ids)
      .execute(),
  )
  const tags = byId(
    await listInputTags(
      db,
      inputs.map((input) => input.input_uuid),
    ),
    (tag) => tag.input_uuid,
  )
  return inputs.map(({ input_uuid, runId, ...dataset }) => ({ runId, dataset, tags: tags(input_uuid) }))
}

export function listModelLinks(
  db: Db,
  kind: keyof typeof MODEL_LINKS,
  runIds: readonly string[],
): Promise<(ModelOutput & { runId: string })[]> {
  const { source_type, destination_type } = MODEL_LINKS[kind]
  return inChunks(runIds, (ids) =>
    db
      .selectFrom('inputs')
      .select(['source_id as runId', 'destination_id as modelId', 'step'])
      .where('source_type', '=', source_type)
      .where('source_id', 'in', ids)
      .where('destination_type', '=', destination_type)
      .execute(),
  )
}

/** The ids of datasets in an experiment, in their order; those not known by name and digest are added. */
export async function findOrInsertDatasets(
  db: Db,
  experimentId: number,
  datasets: readonly Dataset[],
  newId: () => string,
): Promise<string[]> {
  if (datasets.length === 0) return []
  const names = [...new Set(datasets.map((dataset) => dataset.name))]
  const known = await inChunks(names, (some) =>
    db
      .selectFrom('datasets')
      .select(['dataset_uuid', 'name', 'digest'])
      .where('experiment_id', '=', experimentId)
      .where('name', 'in', some)
      .execute(),
  )
  const idOf = new Map(known.map((row) => [keyOf(row), row.dataset_uuid]))
  for (const dataset of datasets) {
    if (idOf.has(keyOf(dataset))) continue
    const id = newId()
    await insertDataset(db, experimentId, dataset, id)
    idOf.set(keyOf(dataset), id)
  }
  return datasets.map((dataset) => idOf.get(keyOf(dataset)) as string)
}

/** Ties a dataset to a run, unless it is tied already. */
export async function insertDatasetInput(
  db: Db,
  runId: string,
  datasetId: string,
  tags: readonly Tag[],
  inputId: string,
): Promise<void> {
  const tie = { source_type: 'DATASET', source_id: datasetId, destination_type: 'RUN', destination_id: runId }
  const known = await db
    .selectFrom('inputs')
    .select('input_uuid')
    .where((eb) => eb.and(tie))
    .executeTakeFirst()
  if (known) return
  await db
    .insertInto('inputs')
    .values({ ...tie, input_uuid: inputId })
    .execute()
  const rows = tags.map(({ key, value }) => ({ input_uuid: inputId, name: key, value: value ?? '' }))
  if (rows.length > 0) await upsert(db, 'input_tags', rows, ['input_uuid', 'name'], ['value'])
}

/** Ties models to a run; a tie that is there gets the new step. */
export async function linkModels(
  db: Db,
  kind: keyof typeof MODEL_LINKS,
  runId: string,
  models: readonly ModelOutput[],
  newId: () => string,
): Promise<void> {
  const link = MODEL_LINKS[kind]
  for (const { modelId, step } of models) {
    await db
      .deleteFrom('inputs')
      .where('source_type', '=', link.source_type)
      .where('source_id', '=', runId)
      .where('destination_type', '=', link.destination_type)
      .where('destination_id', '=', modelId)
      .execute()
    await db
      .insertInto('inputs')
      .values({ ...link, input_uuid: newId(), source_id: runId, destination_id: modelId, step })
      .execute()
  }
}

export interface DatasetSummary {
  readonly experiment_id: number
  readonly name: string
  readonly digest: string
  readonly context: string | null
}

/** The distinct datasets that runs of some experiments used, with the context each was used in. */
export async function listDatasetSummaries(
  db: Db,
  experimentIds: readonly number[],
  most: number,
): Promise<DatasetSummary[]> {
  if (experimentIds.length === 0) return []
  return db
    .selectFrom('datasets')
    .innerJoin('inputs', 'inputs.source_id', 'datasets.dataset_uuid')
    .leftJoin('input_tags', (join) =>
      join
        .onRef('input_tags.input_uuid', '=', 'inputs.input_uuid')
        .on('input_tags.name', '=', 'mlflow.data.context'),
    )
    .select(['datasets.experiment_id', 'datasets.name', 'datasets.digest', 'input_tags.value as context'])
    .distinct()
    .where('datasets.experiment_id', 'in', experimentIds)
    .limit(most)
    .execute()
}

async function insertDataset(db: Db, experimentId: number, dataset: Dataset, id: string): Promise<void> {
  await db
    .insertInto('datasets')
    .values({
      dataset_uuid: id,
      experiment_id: experimentId,
      name: dataset.name,
      digest: dataset.digest,
      dataset_source_type: dataset.sourceType,
      dataset_source: dataset.source,
      dataset_schema: dataset.schema,
      dataset_profile: dataset.profile,
    })
    .execute()
}

function keyOf({ name, digest }: { name: string; digest: string }): string {
  return JSON.stringify([name, digest])
}

function listInputTags(db: Db, inputIds: readonly string[]) {
  return inChunks(inputIds, (ids) =>
    db
      .selectFrom('input_tags')
      .select(['input_uuid', 'name as key', 'value'])
      .where('input_uuid', 'in', ids)
      .execute(),
  )
}
