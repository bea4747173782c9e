import { ONLY_SEEN } from '../auth/permission.ts'
import { invalidParameter, missingValue, notFound } from '../errors.ts'
import {
  createLoggedModel,
  deleteLoggedModel,
  finalizeLoggedModel,
  type LoggedModelStatus,
  logLoggedModelParams,
  STATUS_NUMBERS,
} from '../operations/logged-models.ts'
import { lastOfEachKey } from '../operations/register-model.ts'
import { shownLoggedModel, shownLoggedModels } from '../operations/withheld.ts'
import { rpc } from '../rpc.ts'
import { searchLoggedModels } from '../search/logged-models.ts'
import {
  deleteLoggedModelTag,
  getActiveLoggedModelRow,
  getLoggedModelRow,
  hydrateLoggedModel,
  hydrateLoggedModels,
  type LoggedModel,
  type LoggedModelMetricRow,
  setLoggedModelTags,
} from '../store/logged-models.ts'
import {
  bool,
  checkMaxResults,
  enumeration,
  integer,
  list,
  message,
  orUnset,
  requiredText,
  text,
  unlessEmpty,
  wireDouble,
} from '../wire.ts'
import { parseExperimentId } from './limits.ts'
import { checkColumns, checkLoggedModelKey, checkLoggedModelName } from './registry-limits.ts'
import { tagMessage } from './tags.ts'

const dataset = message({ dataset_name: text().default(''), dataset_digest: text().optional() })
const order = message({
  field_name: text().default(''),
  ascending: bool().default(true),
  dataset_name: text().optional(),
  dataset_digest: text().optional(),
})

/** MLflow has no limit; a page must fit in memory. */
const MOST_RESULTS = 50_000

export const loggedModelRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/logged-models',
    permission: {
      'logged-model.create': ({ experiment_id }) => ({ experiment: experiment_id }),
      'run.read': ({ source_run_id }) => ({ run: source_run_id }),
    },
    request: message({
      experiment_id: requiredText(),
      name: text().default(''),
      model_type: text().default(''),
      source_run_id: text().default(''),
      params: list(tagMessage).default([]),
      tags: list(tagMessage).default([]),
    }),
    async handler({ db, clock }, { experiment_id, name, model_type, source_run_id, params, tags }) {
      checkLoggedModelName(name)
      checkColumns({ model_type, source_run_id })
      for (const one of [...params, ...tags]) checkLoggedModelKey(one)
      const model = await createLoggedModel(db, {
        experimentId: parseExperimentId(experiment_id),
        name,
        modelType: model_type,
        sourceRunId: source_run_id,
        params,
        tags,
        now: clock(),
      })
      return { model: toWire(model) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/logged-models/:model_id',
    permission: { 'logged-model.read': ({ model_id }) => ({ loggedModel: model_id }) },
    request: message({ model_id: requiredText(), allow_deleted: text().default('') }),
    async handler({ db, caller }, { model_id, allow_deleted }) {
      const getRow = allow_deleted.toLowerCase() === 'true' ? getLoggedModelRow : getActiveLoggedModelRow
      const model = await hydrateLoggedModel(db, await getRow(db, model_id))
      return { model: toWire(await shownLoggedModel(db, caller.access, model)) }
    },
  }),
  rpc({
    method: 'PATCH',
    path: '/mlflow/logged-models/:model_id',
    permission: { 'logged-model.update': ({ model_id }) => ({ loggedModel: model_id }) },
    request: message({ model_id: requiredText(), status: enumeration(STATUS_NUMBERS) }),
    async handler({ db, clock, caller }, { model_id, status }) {
      if (status === undefined) throw missingValue('status')
      const model = await finalizeLoggedModel(db, model_id, status, clock())
      return { model: toWire(await shownLoggedModel(db, caller.access, model)) }
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/logged-models/:model_id',
    permission: { 'logged-model.delete': ({ model_id }) => ({ loggedModel: model_id }) },
    request: message({ model_id: requiredText() }),
    async handler({ db, clock }, { model_id }) {
      await deleteLoggedModel(db, model_id, clock())
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/logged-models/:model_id/params',
    permission: { 'logged-model.update': ({ model_id }) => ({ loggedModel: model_id }) },
    request: message({ model_id: requiredText(), params: list(tagMessage).default([]) }),
    async handler({ db }, { model_id, params }) {
      params.forEach(checkLoggedModelKey)
      await logLoggedModelParams(db, model_id, params)
      return {}
    },
  }),
  rpc({
    method: 'PATCH',
    path: '/mlflow/logged-models/:model_id/tags',
    permission: { 'logged-model.update': ({ model_id }) => ({ loggedModel: model_id }) },
    request: message({ model_id: requiredText(), tags: list(tagMessage).default([]) }),
    async handler({ db }, { model_id, tags }) {
      tags.forEach(checkLoggedModelKey)
      await db.transaction().execute(async (tx) => {
        await setLoggedModelTags(tx, await getLoggedModelRow(tx, model_id), lastOfEachKey(tags))
      })
      return {}
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/logged-models/:model_id/tags/:tag_key',
    permission: { 'logged-model.delete': ({ model_id }) => ({ loggedModel: model_id }) },
    request: message({ model_id: requiredText(), tag_key: requiredText() }),
    async handler({ db }, { model_id, tag_key }) {
      await getLoggedModelRow(db, model_id)
      if (await deleteLoggedModelTag(db, model_id, tag_key)) return {}
      throw notFound(`No tag with key '${tag_key}' found for model with ID '${model_id}'.`)
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/logged-models/search',
    permission: { 'logged-model.read': ONLY_SEEN },
    request: message({
      experiment_ids: list(text()),
      filter: text().default(''),
      datasets: list(dataset).default([]),
      max_results: integer().optional(),
      order_by: list(order).default([]),
      page_token: text().optional(),
    }),
    async handler({ db, caller }, { experiment_ids, filter, datasets, max_results, order_by, page_token }) {
      if (datasets.some((one) => one.dataset_name === '')) {
        throw invalidParameter('`dataset_name` in the `datasets` clause must be specified.')
      }
      const maxResults = max_results || 50
      checkMaxResults(maxResults, MOST_RESULTS)
      if (experiment_ids.length === 0) return {}
      const search = {
        experimentIds: experiment_ids.map(parseExperimentId),
        filter,
        datasets,
        orderBy: order_by,
        maxResults,
        pageToken: page_token,
      }
      const { rows, nextPageToken } = await searchLoggedModels(db, search, caller.access)
      const models = await shownLoggedModels(db, caller.access, await hydrateLoggedModels(db, rows))
      return { models: unlessEmpty(models.map(toWire)), next_page_token: nextPageToken }
    },
  }),
]

const STATUSES = Object.keys(STATUS_NUMBERS) as LoggedModelStatus[]

export function toWire(model: LoggedModel) {
  return {
    info: {
      model_id: model.model_id,
      experiment_id: String(model.experiment_id),
      name: model.name,
      creation_timestamp_ms: model.creation_timestamp_ms,
      last_updated_timestamp_ms: model.last_updated_timestamp_ms,
      artifact_uri: model.artifact_location,
      status: STATUSES[model.status],
      model_type: orUnset(model.model_type),
      source_run_id: orUnset(model.source_run_id),
      status_message: orUnset(model.status_message),
      tags: unlessEmpty(model.tags.map(({ key, value }) => ({ key, value }))),
    },
    data: {
      params: unlessEmpty(model.params.map(({ key, value }) => ({ key, value }))),
      metrics: unlessEmpty(model.metrics.map(metricToWire)),
    },
  }
}

function metricToWire(metric: LoggedModelMetricRow) {
  return {
    key: metric.metric_name,
    // NaN is stored as 0 here, as MLflow does; NULL is what SQLite makes of a NaN itself.
    value: wireDouble(metric.metric_value ?? Number.NaN),
    timestamp: metric.metric_timestamp_ms,
    step: metric.metric_step,
    dataset_name: metric.dataset_name || undefined,
    dataset_digest: metric.dataset_digest || undefined,
    model_id: metric.model_id,
    run_id: metric.run_id || undefined,
  }
}
