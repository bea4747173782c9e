import { notFound } from '../errors.ts'
import { createRun, deleteRun, restoreRun, setRunTags, updateRun } from '../operations/runs.ts'
import { shownRuns } from '../operations/withheld.ts'
import { rpc } from '../rpc.ts'
import { readValue } from '../store/metrics.ts'
import { deleteRunTag, getRun, type Run } from '../store/run-data.ts'
import { getActiveRunRow, type RunRow } from '../store/runs.ts'
import {
  enumeration,
  int64,
  list,
  message,
  orUnset,
  requiredText,
  text,
  unlessEmpty,
  wireDouble,
} from '../wire.ts'
import { checkedTag, fittedTag, parseExperimentId } from './limits.ts'
import { tagMessage, toWireTags } from './tags.ts'

export const RUN_ID_ALIAS = { run_uuid: 'run_id' } as const

const runOnly = message({ run_id: requiredText() }, RUN_ID_ALIAS)
const runStatus = enumeration({ RUNNING: 1, SCHEDULED: 2, FINISHED: 3, FAILED: 4, KILLED: 5 })

export const runRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/runs/create',
    permission: { 'run.create': ({ experiment_id }) => ({ experiment: experiment_id }) },
    request: message({
      experiment_id: requiredText(),
      user_id: text().default(''),
      run_name: text().default(''),
      start_time: int64().default(0),
      tags: list(tagMessage).default([]),
    }),
    async handler({ db, config }, { experiment_id, user_id, run_name, start_time, tags }) {
      const run = await createRun(db, {
        experimentId: parseExperimentId(experiment_id),
        userId: user_id,
        startTime: start_time,
        name: run_name,
        tags: tags.map((one, index) => fittedTag(`tags[${index}]`, one, config)),
      })
      const { outputs: _, ...created } = toWireRun(run)
      return { run: created }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/runs/get',
    permission: { 'run.read': ({ run_id }) => ({ run: run_id }) },
    request: runOnly,
    async handler({ db, caller }, { run_id }) {
      const [run] = await shownRuns(db, caller.access, [await getRun(db, run_id)])
      return { run: toWireRun(run as Run) }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/runs/update',
    permission: { 'run.update': ({ run_id }) => ({ run: run_id }) },
    request: message(
      {
        run_id: requiredText(),
        status: runStatus,
        end_time: int64().optional(),
        run_name: text().optional(),
      },
      RUN_ID_ALIAS,
    ),
    async handler({ db }, { run_id, status, end_time, run_name }) {
      const row = await updateRun(db, run_id, { status, endTime: end_time, name: run_name })
      return { run_info: toWireInfo(row) }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/runs/delete',
    permission: { 'run.delete': ({ run_id }) => ({ run: run_id }) },
    request: runOnly,
    async handler({ db, clock }, { run_id }) {
      await deleteRun(db, run_id, clock())
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/runs/restore',
    permission: { 'run.delete': ({ run_id }) => ({ run: run_id }) },
    request: runOnly,
    async handler({ db, clock }, { run_id }) {
      await restoreRun(db, run_id, clock())
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/runs/set-tag',
    permission: { 'run.update': ({ run_id }) => ({ run: run_id }) },
    request: message(
      { run_id: requiredText(), key: requiredText(), value: text().default('') },
      RUN_ID_ALIAS,
    ),
    async handler({ db, config }, { run_id, key, value }) {
      const one = checkedTag('', { key, value }, config)
      await db.transaction().execute(async (tx) => {
        await getActiveRunRow(tx, run_id)
        await setRunTags(tx, run_id, [one])
      })
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/runs/delete-tag',
    permission: { 'run.update': ({ run_id }) => ({ run: run_id }) },
    request: message({ run_id: requiredText(), key: requiredText() }, RUN_ID_ALIAS),
    async handler({ db }, { run_id, key }) {
      await db.transaction().execute(async (tx) => {
        await getActiveRunRow(tx, run_id)
        if (!(await deleteRunTag(tx, run_id, key))) {
          throw notFound(`No tag with name: ${key} in run with id ${run_id}`)
        }
      })
      return {}
    },
  }),
]

export function toWireRun(run: Run) {
  return {
    info: toWireInfo(run.row),
    data: {
      metrics: unlessEmpty(
        run.metrics.map((metric) => ({
          key: metric.key,
          value: wireDouble(readValue(metric)),
          timestamp: orUnset(metric.timestamp),
          step: metric.step,
        })),
      ),
      params: unlessEmpty(run.params.map(({ key, value }) => ({ key, value }))),
      tags: toWireTags(run.tags),
    },
    inputs: {
      dataset_inputs: unlessEmpty(
        run.datasetInputs.map(({ dataset, tags }) => ({
          tags: toWireTags(tags),
          dataset: {
            name: dataset.name,
            digest: dataset.digest,
            source_type: dataset.sourceType,
            source: dataset.source,
            schema: dataset.schema || undefined,
            profile: dataset.profile || undefined,
          },
        })),
      ),
      model_inputs: unlessEmpty(run.modelInputs.map((model_id) => ({ model_id }))),
    },
    outputs: {
      model_outputs: unlessEmpty(run.modelOutputs.map(({ modelId, step }) => ({ model_id: modelId, step }))),
    },
  }
}

function toWireInfo(row: RunRow) {
  return {
    run_uuid: row.run_uuid,
    experiment_id: String(row.experiment_id),
    run_name: orUnset(row.name),
    user_id: row.user_id ?? '',
    status: orUnset(row.status),
    start_time: orUnset(row.start_time),
    end_time: row.end_time || undefined,
    artifact_uri: row.artifact_uri || undefined,
    lifecycle_stage: orUnset(row.lifecycle_stage),
    run_id: row.run_uuid,
  }
}
