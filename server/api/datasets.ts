import { readableExperiments } from '../access/access.ts'
import { ONLY_SEEN } from '../auth/permission.ts'
import type { RequestContext } from '../context.ts'
import { invalidParameter } from '../errors.ts'
import { rpc } from '../rpc.ts'
import { listDatasetSummaries } from '../store/inputs.ts'
import { list, message, orUnset, text, unlessEmpty } from '../wire.ts'
import { parseExperimentId } from './limits.ts'

const EXPERIMENTS_PER_REQUEST = 20
const SUMMARIES = 1_000

const definition = {
  method: 'POST',
  permission: { 'run.read': ONLY_SEEN },
  request: message({ experiment_ids: list(text()).default([]) }),
} as const

/** MLflow's own client asks at a path that lacks a slash, its UI at the one that has it. */
export const datasetRpcs = [
  rpc({ ...definition, path: 'mlflow/experiments/search-datasets', handler: searchDatasets }),
  rpc({ ...definition, path: '/mlflow/experiments/search-datasets', surface: 'ui', handler: searchDatasets }),
]

async function searchDatasets(
  { db, caller }: Pick<RequestContext, 'db' | 'caller'>,
  { experiment_ids }: { experiment_ids: string[] },
): Promise<object> {
  if (experiment_ids.length === 0) {
    throw invalidParameter('SearchDatasets request must specify at least one experiment_id.')
  }
  if (experiment_ids.length > EXPERIMENTS_PER_REQUEST) {
    throw invalidParameter(
      `SearchDatasets request cannot specify more than ${EXPERIMENTS_PER_REQUEST} experiment_ids. Received ${experiment_ids.length} experiment_ids.`,
    )
  }
  // A run's datasets are shown with the run.
  const readable = readableExperiments(caller.access, 'run', experiment_ids.map(parseExperimentId))
  const summaries = await listDatasetSummaries(db, readable, SUMMARIES)
  return {
    dataset_summaries: unlessEmpty(
      summaries.map(({ experiment_id, name, digest, context }) => ({
        experiment_id: String(experiment_id),
        name,
        digest,
        context: orUnset(context),
      })),
    ),
  }
}
