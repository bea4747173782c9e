import { invalidParameter } from '../errors.ts'
import { type LoggedMetric, logBatch } from '../operations/log-batch.ts'
import { logInputs, logOutputs } from '../operations/log-inputs.ts'
import { recordLoggedModel } from '../operations/record-logged-model.ts'
import { rpc } from '../rpc.ts'
import { storedValue } from '../store/metrics.ts'
import { double, type Int64, int64, list, message, requiredText, text } from '../wire.ts'
import {
  checkBatchSize,
  checkBatchText,
  checkDataset,
  checkedParam,
  checkedTag,
  checkMetric,
  checkRunId,
  checkUniqueParams,
} from './limits.ts'
import { RUN_ID_ALIAS } from './runs.ts'
import { keyedMessage } from './tags.ts'

const metricFields = {
  key: requiredText(),
  value: double(),
  timestamp: int64(),
  step: int64().default(0),
  model_id: text().default(''),
  dataset_name: text().default(''),
  dataset_digest: text().default(''),
}

const dataset = message({
  name: requiredText(),
  digest: requiredText(),
  source_type: requiredText(),
  source: requiredText(),
  schema: text().optional(),
  profile: text().optional(),
})

export const runLoggingRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/runs/log-metric',
    permission: {
      'run.update': ({ run_id }) => ({ run: run_id }),
      'logged-model.update': ({ model_id }) => ({ loggedModel: model_id }),
    },
    request: message({ run_id: requiredText(), ...metricFields }, RUN_ID_ALIAS),
    async handler({ db }, { run_id, ...metric }) {
      checkMetric('', metric)
      await logBatch(db, run_id, { metrics: [toLogged(metric)], params: [], tags: [] })
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/runs/log-parameter',
    permission: { 'run.update': ({ run_id }) => ({ run: run_id }) },
    request: message(
      { run_id: requiredText(), key: requiredText(), value: text().default('') },
      RUN_ID_ALIAS,
    ),
    async handler({ db, config }, { run_id, key, value }) {
      await logBatch(db, run_id, {
        metrics: [],
        params: [checkedParam('', { key, value }, config)],
        tags: [],
      })
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/runs/log-batch',
    permission: {
      'run.update': ({ run_id }) => ({ run: run_id }),
      'logged-model.update': ({ metrics }) => ({ loggedModel: metrics.map((metric) => metric.model_id) }),
    },
    request: message({
      run_id: requiredText(),
      metrics: list(message(metricFields)).default([]),
      params: list(keyedMessage).default([]),
      tags: list(keyedMessage).default([]),
    }),
    async handler({ db, config }, { run_id, metrics, params, tags }) {
      checkRunId(run_id)
      checkBatchSize(metrics.length, params.length, tags.length)
      for (const [index, metric] of metrics.entries()) checkMetric(`metrics[${index}]`, metric)
      checkUniqueParams(params)
      const kept = {
        params: params.map((one, index) => checkedParam(`params[${index}]`, one, config)),
        tags: tags.map((one, index) => checkedTag(`tags[${index}]`, one, config)),
      }
      checkBatchText([...kept.params, ...kept.tags])
      await logBatch(db, run_id, { metrics: metrics.map(toLogged), ...kept })
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/runs/log-inputs',
    permission: {
      'run.update': ({ run_id }) => ({ run: run_id }),
      'logged-model.update': ({ models }) => ({ loggedModel: models.map((model) => model.model_id) }),
    },
    request: message({
      run_id: requiredText(),
      datasets: list(message({ tags: list(keyedMessage).default([]), dataset })).default([]),
      models: list(message({ model_id: requiredText() })).default([]),
    }),
    async handler({ db }, { run_id, datasets, models }) {
      checkRunId(run_id)
      for (const one of datasets) checkDataset(one.dataset, one.tags)
      const logged = datasets.map(
        ({ tags, dataset: { source_type, schema = null, profile = null, ...rest } }) => ({
          tags,
          dataset: { ...rest, sourceType: source_type, schema, profile },
        }),
      )
      await logInputs(
        db,
        run_id,
        logged,
        models.map((model) => model.model_id),
      )
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/runs/outputs',
    permission: {
      'run.update': ({ run_id }) => ({ run: run_id }),
      'logged-model.update': ({ models }) => ({ loggedModel: models.map((model) => model.model_id) }),
    },
    request: message({
      run_id: requiredText(),
      models: list(message({ model_id: requiredText(), step: int64().default(0) })),
    }),
    async handler({ db }, { run_id, models }) {
      await logOutputs(
        db,
        run_id,
        models.map(({ model_id, step }) => ({ modelId: model_id, step })),
      )
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/runs/log-model',
    permission: { 'run.update': ({ run_id }) => ({ run: run_id }) },
    request: message({ run_id: requiredText(), model_json: requiredText() }),
    async handler({ db }, { run_id, model_json }) {
      await recordLoggedModel(db, run_id, parseModel(model_json))
      return {}
    },
  }),
]

interface WireMetric {
  key: string
  value: number
  timestamp: Int64
  step: Int64
  model_id: string
  dataset_name: string
  dataset_digest: string
}

function toLogged(metric: WireMetric): LoggedMetric {
  const { value, is_nan } = storedValue(metric.value)
  return {
    key: metric.key,
    timestamp: metric.timestamp,
    step: metric.step,
    value,
    is_nan,
    modelId: metric.model_id,
    datasetName: metric.dataset_name,
    datasetDigest: metric.dataset_digest,
  }
}

const MODEL_FIELDS = ['artifact_path', 'flavors', 'run_id', 'utc_time_created']

function parseModel(json: string): Record<string, unknown> {
  let model: unknown
  try {
    model = JSON.parse(json)
  } catch (cause) {
    throw invalidParameter(`Malformed model info. \n ${json} \n is not a valid JSON.`, { cause })
  }
  if (model === null || typeof model !== 'object' || Array.isArray(model)) {
    throw invalidParameter('Malformed model info: it must be a JSON object.')
  }
  const missing = MODEL_FIELDS.filter((field) => !(field in model))
  if (missing.length > 0) {
    const names = missing.map((field) => `'${field}'`).join(', ')
    throw invalidParameter(`Model json is missing mandatory fields: {${names}}`)
  }
  return model as Record<string, unknown>
}
