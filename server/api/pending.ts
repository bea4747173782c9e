/**
 * Searches that MLflow's experiment pages make in resources this server does not serve yet: an empty answer
 * where the database has none, which is the truth, and NOT_IMPLEMENTED where it has some.
 */
import type { Db } from '../db/index.ts'
import { ApiError } from '../errors.ts'
import { rpc } from '../rpc.ts'
import { hasEvaluationDatasets, hasRows } from '../store/pending.ts'
import { list, message, requiredText, text } from '../wire.ts'
import { parseExperimentId } from './limits.ts'

export const pendingRpcs = [
  searchOfExperiment('POST', '/mlflow/issues/search', 'issues', 'issues', { next_page_token: '' }),
  searchOfExperiment('GET', '/mlflow/scorers/list', 'scorers', 'scorers', {}),
  searchOfExperiment('GET', '/mlflow/label-schemas/list', 'label_schemas', 'label schemas', {
    next_page_token: '',
  }),
  searchOfExperiment('GET', '/mlflow/review-queues/list', 'review_queues', 'review queues', {
    next_page_token: '',
  }),
  ...(['GET', 'POST'] as const).map((method) =>
    rpc({
      method,
      path: '/mlflow/datasets/search',
      version: '3.0',
      permission: { 'experiment.read': ({ experiment_ids }) => ({ experiment: experiment_ids }) },
      request: message({ experiment_ids: list(text()).default([]) }),
      async handler({ db }, { experiment_ids }) {
        refuseIf(
          await hasEvaluationDatasets(db, experiment_ids.map(parseExperimentId)),
          'evaluation datasets',
        )
        return {}
      },
    }),
  ),
]

function searchOfExperiment(
  method: 'GET' | 'POST',
  path: string,
  table: Parameters<typeof hasRows>[1],
  what: string,
  nothing: object,
) {
  return rpc({
    method,
    path,
    version: '3.0',
    permission: { 'experiment.read': ({ experiment_id }) => ({ experiment: experiment_id }) },
    request: message({ experiment_id: requiredText() }),
    async handler({ db }: { db: Db }, { experiment_id }) {
      refuseIf(await hasRows(db, table, [parseExperimentId(experiment_id)]), what)
      return nothing
    },
  })
}

function refuseIf(some: boolean, what: string): void {
  if (some) {
    throw new ApiError(
      'NOT_IMPLEMENTED',
      `The database has ${what}; this server keeps them and does not show them yet.`,
    )
  }
}
