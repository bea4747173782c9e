import { type Access, isUnlimited, mayOn } from '../access/access.ts'
import { denied } from '../auth/authorize.ts'
import { ONLY_SEEN } from '../auth/permission.ts'
import type { Db } from '../db/index.ts'
import { deleteGrants, makeOwn, renameGrants } from '../operations/own-grants.ts'
import { registerModel, renameModel } from '../operations/register-model.ts'
import { announceChange } from '../operations/webhook-events.ts'
import { shownRegisteredModel, shownRegisteredModels } from '../operations/withheld-versions.ts'
import { rpc } from '../rpc.ts'
import { searchRegisteredModels } from '../search/registered-models.ts'
import {
  deleteModelTag,
  deleteRegisteredModel,
  getRegisteredModel,
  isPrompt,
  listModelTags,
  listRegisteredModels,
  PROMPT_TAG,
  type RegisteredModel,
  requireRegisteredModel,
  setModelTags,
  updateRegisteredModel,
} from '../store/registered-models.ts'
import { checkMaxResults, integer, list, message, orUnset, requiredText, text, unlessEmpty } from '../wire.ts'
import { toWire as versionToWire } from './model-versions.ts'
import { checkColumns, checkModelName, checkRegistryTag } from './registry-limits.ts'
import { tagMessage, toWireTags } from './tags.ts'

/** The tag that makes a prompt of a model takes it out of the reach of one kind of grants and into that of the other. */
const tagging = {
  'model.update': ({ name }: { name: string }) => ({ model: name }),
  'model.manage': ({ name, key }: { name: string; key: string }) =>
    key === PROMPT_TAG ? { model: name } : {},
}

export const registeredModelRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/registered-models/create',
    permission: {
      'model.create': ({ name, tags }) => (isPrompt(tags) ? { newPrompt: name } : { newModel: name }),
    },
    request: message({
      name: requiredText(),
      description: text().default(''),
      tags: list(tagMessage).default([]),
    }),
    async handler(context, { name, description, tags }) {
      checkModelName(name)
      checkColumns({ description })
      for (const one of tags) checkRegistryTag(one)
      const model = await makeOwn(
        context,
        context.caller.name,
        (tx) => registerModel(tx, { name, description, tags, now: context.clock() }),
        () => ({ type: isPrompt(tags) ? 'prompt' : 'registered_model', name }),
      )
      return { registered_model: toWire(model) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/registered-models/get',
    permission: { 'model.read': ({ name }) => ({ model: name }) },
    request: message({ name: requiredText() }),
    async handler({ db, caller }, { name }) {
      checkModelName(name)
      const model = await getRegisteredModel(db, name)
      return { registered_model: toWire(await shownRegisteredModel(db, caller.access, model)) }
    },
  }),
  rpc({
    method: 'PATCH',
    path: '/mlflow/registered-models/update',
    permission: { 'model.update': ({ name }) => ({ model: name }) },
    request: message({ name: requiredText(), description: text().default('') }),
    async handler({ db, clock, caller }, { name, description }) {
      checkModelName(name)
      checkColumns({ description })
      await updateRegisteredModel(db, name, { description, last_updated_time: clock() })
      const model = await getRegisteredModel(db, name)
      return { registered_model: toWire(await shownRegisteredModel(db, caller.access, model)) }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/registered-models/rename',
    permission: { 'model.update': ({ name }) => ({ model: name }) },
    request: message({ name: requiredText(), new_name: requiredText() }),
    async handler({ db, clock, login, caller }, { name, new_name }) {
      checkModelName(new_name, 'new_name')
      checkModelName(name)
      await checkMayMove(db, caller.access, name, new_name)
      const model = await renameModel(db, name, new_name, clock())
      await renameGrants(login, name, new_name)
      return { registered_model: toWire(await shownRegisteredModel(db, caller.access, model)) }
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/registered-models/delete',
    permission: { 'model.delete': ({ name }) => ({ model: name }) },
    request: message({ name: requiredText() }),
    async handler({ db, login }, { name }) {
      checkModelName(name)
      await db.transaction().execute(async (tx) => {
        await requireRegisteredModel(tx, name)
        await deleteRegisteredModel(tx, name)
      })
      await deleteGrants(login, name)
      return {}
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/registered-models/search',
    permission: { 'model.read': ONLY_SEEN },
    request: message({
      filter: text().default(''),
      max_results: integer().default(100),
      order_by: list(text()).default([]),
      page_token: text().optional(),
    }),
    async handler({ db, caller }, { filter, max_results, order_by, page_token }) {
      checkMaxResults(max_results, 1_000)
      const search = {
        filter,
        orderBy: order_by,
        maxResults: max_results,
        pageToken: page_token,
      }
      const { names, nextPageToken } = await searchRegisteredModels(db, search, caller.access)
      const models = await shownRegisteredModels(db, caller.access, await listRegisteredModels(db, names))
      return {
        registered_models: unlessEmpty(models.map(inOrderOfStages).map(toWire)),
        next_page_token: nextPageToken,
      }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/registered-models/set-tag',
    permission: tagging,
    request: message({ name: requiredText(), key: requiredText(), value: text().default('') }),
    async handler({ db, clock, caller }, { name, key, value }) {
      checkModelName(name)
      checkRegistryTag({ key, value })
      await db.transaction().execute(async (tx) => {
        await requireRegisteredModel(tx, name)
        await keepingKind(tx, caller.access, name, () => setModelTags(tx, name, [{ key, value }]))
        const change = { ofPrompt: 'prompt_tag', action: 'set', data: { key, value } } as const
        await announceChange(tx, { name, ...change, now: clock() })
      })
      return {}
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/registered-models/delete-tag',
    permission: tagging,
    request: message({ name: requiredText(), key: requiredText() }),
    async handler({ db, clock, caller }, { name, key }) {
      checkModelName(name)
      await db.transaction().execute(async (tx) => {
        await requireRegisteredModel(tx, name)
        await keepingKind(tx, caller.access, name, () => deleteModelTag(tx, name, key))
        const change = { ofPrompt: 'prompt_tag', action: 'deleted', data: { key } } as const
        await announceChange(tx, { name, ...change, now: clock() })
      })
      return {}
    },
  }),
]

/** @throws ApiError PERMISSION_DENIED where a role grants the caller more on the new name than there is on the model */
async function checkMayMove(db: Db, access: Access, name: string, newName: string): Promise<void> {
  if (isUnlimited(access)) return
  const owner = isPrompt(await listModelTags(db, [name])) ? 'prompt' : 'registered_model'
  if (mayOn(access, 'manage', owner, newName) && !mayOn(access, 'manage', owner, name)) throw denied()
}

/** @throws ApiError PERMISSION_DENIED where a key that MySQL takes for the prompt tag makes another kind of it */
async function keepingKind(tx: Db, access: Access, name: string, change: () => Promise<void>): Promise<void> {
  if (isUnlimited(access)) return change()
  const before = isPrompt(await listModelTags(tx, [name]))
  await change()
  if (isPrompt(await listModelTags(tx, [name])) === before) return
  if (!mayOn(access, 'manage', before ? 'prompt' : 'registered_model', name)) throw denied()
}

export function toWire(model: RegisteredModel) {
  return {
    name: model.name,
    creation_timestamp: orUnset(model.creation_time),
    last_updated_timestamp: orUnset(model.last_updated_time),
    description: model.description || undefined,
    latest_versions: unlessEmpty(model.latestVersions.map(versionToWire)),
    tags: toWireTags(model.tags),
    aliases: unlessEmpty(model.aliases.map(({ alias, version }) => ({ alias, version: String(version) }))),
  }
}

/** MLflow's searches list the stages by name, where its other answers keep the order of their first use. */
function inOrderOfStages(model: RegisteredModel): RegisteredModel {
  const stage = ({ current_stage }: { current_stage: string | null }) => current_stage ?? ''
  return { ...model, latestVersions: model.latestVersions.toSorted((a, b) => (stage(a) < stage(b) ? -1 : 1)) }
}
