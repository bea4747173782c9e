import { mayAdminister, visible } from '../access/access.ts'
import { checkArtifactLocation } from '../artifacts/location-check.ts'
import { isOwnPlace } from '../artifacts/own-place.ts'
import { ONLY_SEEN } from '../auth/permission.ts'
import type { RequestContext } from '../context.ts'
import { ApiError, invalidParameter, notFound } from '../errors.ts'
import { deleteExperiment, restoreExperiment } from '../operations/experiment-lifecycle.ts'
import { makeOwn } from '../operations/own-grants.ts'
import { rpc } from '../rpc.ts'
import {
  createExperiment,
  deleteExperimentTag,
  type Experiment,
  findExperimentByName,
  getExperiment,
  listArtifactLocations,
  renameExperiment,
  setExperimentTag,
} from '../store/experiments.ts'
import { list, message, orUnset, requiredText, text } from '../wire.ts'
import { checkExperimentName, checkExperimentTag, parseExperimentId } from './limits.ts'
import { tagMessage, toWireTags } from './tags.ts'

export const experimentRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/experiments/create',
    permission: { 'experiment.create': () => ({ experiment: '*' }) },
    request: message({
      name: requiredText(),
      artifact_location: text().optional(),
      tags: list(tagMessage).default([]),
    }),
    async handler(context, { name, artifact_location, tags }) {
      const { config, clock } = context
      checkExperimentName(name)
      for (const one of tags) checkExperimentTag(one)
      const artifactLocation = artifact_location ? checkArtifactLocation(artifact_location, config) : ''
      if (artifactLocation) await checkOwnPlace(context, artifactLocation)
      const artifactRoot = config.defaultArtifactRoot
      const id = await makeOwn(
        context,
        context.caller.name,
        (tx) => createExperiment(tx, { name, artifactLocation, artifactRoot, tags, now: clock() }),
        (made) => ({ type: 'experiment', name: String(made) }),
      )
      return { experiment_id: String(id) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/experiments/get',
    permission: { 'experiment.read': ({ experiment_id }) => ({ experiment: experiment_id }) },
    request: message({ experiment_id: requiredText() }),
    async handler({ db }, { experiment_id }) {
      return { experiment: toWire(await getExperiment(db, parseExperimentId(experiment_id))) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/experiments/get-by-name',
    permission: { 'experiment.read': ONLY_SEEN },
    request: message({ experiment_name: requiredText() }),
    async handler({ db, caller }, { experiment_name }) {
      const seen = visible(caller.access, 'experiment')
      const experiment = await findExperimentByName(db, experiment_name, seen)
      if (!experiment) throw notFound(`Could not find experiment with name '${experiment_name}'`)
      return { experiment: toWire(experiment) }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/experiments/update',
    permission: { 'experiment.update': ({ experiment_id }) => ({ experiment: experiment_id }) },
    request: message({ experiment_id: requiredText(), new_name: requiredText() }),
    async handler({ db, clock }, { experiment_id, new_name }) {
      checkExperimentName(new_name)
      await renameExperiment(db, parseExperimentId(experiment_id), new_name, clock())
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/experiments/delete',
    permission: { 'experiment.delete': ({ experiment_id }) => ({ experiment: experiment_id }) },
    request: message({ experiment_id: requiredText() }),
    async handler({ db, clock }, { experiment_id }) {
      await deleteExperiment(db, parseExperimentId(experiment_id), clock())
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/experiments/restore',
    permission: { 'experiment.delete': ({ experiment_id }) => ({ experiment: experiment_id }) },
    request: message({ experiment_id: requiredText() }),
    async handler({ db, clock }, { experiment_id }) {
      await restoreExperiment(db, parseExperimentId(experiment_id), clock())
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/experiments/set-experiment-tag',
    permission: { 'experiment.update': ({ experiment_id }) => ({ experiment: experiment_id }) },
    request: message({ experiment_id: requiredText(), key: requiredText(), value: text().default('') }),
    async handler({ db }, { experiment_id, key, value }) {
      const id = parseExperimentId(experiment_id)
      checkExperimentTag({ key, value })
      await db.transaction().execute(async (tx) => {
        const experiment = await getExperiment(tx, id)
        if (experiment.lifecycle_stage !== 'active') throw notActive(experiment)
        await setExperimentTag(tx, id, { key, value })
      })
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/experiments/delete-experiment-tag',
    permission: { 'experiment.update': ({ experiment_id }) => ({ experiment: experiment_id }) },
    request: message({ experiment_id: requiredText(), key: requiredText() }),
    async handler({ db }, { experiment_id, key }) {
      const id = parseExperimentId(experiment_id)
      const experiment = await getExperiment(db, id)
      if (experiment.lifecycle_stage !== 'active') throw notActive(experiment)
      if (!(await deleteExperimentTag(db, id, key))) {
        throw notFound(`No tag with name: ${key} in experiment with id ${id}`)
      }
      return {}
    },
  }),
]

export function toWire(experiment: Experiment) {
  return {
    experiment_id: String(experiment.experiment_id),
    name: experiment.name,
    artifact_location: orUnset(experiment.artifact_location),
    lifecycle_stage: orUnset(experiment.lifecycle_stage),
    last_update_time: orUnset(experiment.last_update_time),
    creation_time: orUnset(experiment.creation_time),
    tags: toWireTags(experiment.tags),
    workspace: experiment.workspace,
  }
}

/** Who makes an experiment manages what is at its location: it must not be anybody else's. */
async function checkOwnPlace({ db, config, caller }: RequestContext, location: string): Promise<void> {
  if (mayAdminister(caller.access)) return
  if (isOwnPlace(location, await listArtifactLocations(db), config)) return
  throw new ApiError(
    'PERMISSION_DENIED',
    `Permission denied: the artifact location '${location}' is, holds or is inside a place of experiments. Name another, or none.`,
  )
}

function notActive(experiment: Experiment) {
  return invalidParameter(
    `The experiment ${experiment.experiment_id} must be in the 'active' state. Current state is ${experiment.lifecycle_stage}.`,
  )
}
