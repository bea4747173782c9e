import { ONLY_SEEN } from '../auth/permission.ts'
import { invalidParameter } from '../errors.ts'
import { modelOfSource } from '../operations/model-source.ts'
import { getLatestVersions, transitionStage } from '../operations/model-stages.ts'
import { createModelVersion, deleteModelVersion } from '../operations/model-versions.ts'
import { announceChange } from '../operations/webhook-events.ts'
import { shownVersion, shownVersions } from '../operations/withheld-versions.ts'
import { rpc } from '../rpc.ts'
import { searchModelVersions } from '../search/model-versions.ts'
import {
  deleteVersionTag,
  getDownloadUri,
  getModelVersion,
  getModelVersionRow,
  type ModelVersion,
  setVersionTags,
  updateModelVersion,
  withTags,
} from '../store/model-versions.ts'
import {
  bool,
  checkMaxResults,
  integer,
  list,
  message,
  orUnset,
  requiredText,
  text,
  unlessEmpty,
} from '../wire.ts'
import { checkColumns, checkModelName, checkRegistryTag, parseVersion } from './registry-limits.ts'
import { tagMessage, toWireTags } from './tags.ts'

const VERSION_TAG = { ofModel: 'model_version_tag', ofPrompt: 'prompt_version_tag' } as const

/** What a new version takes its files from, so that nobody reads them through a version who may not read them there. */
const readingSource = {
  'version.read': ({ source }: Source) => ({ version: modelOfSource(source) }),
  'run.read': ({ source, run_id }: Source) => ({ run: modelOfSource(source) ? undefined : run_id }),
  'logged-model.read': ({ source, model_id }: Source) => ({
    loggedModel: modelOfSource(source) ? undefined : model_id,
  }),
}

interface Source {
  readonly source: string
  readonly run_id?: string | undefined
  readonly model_id?: string | undefined
}

const latestVersions = message({ name: requiredText(), stages: list(text()).default([]) })

export const modelVersionRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/model-versions/create',
    permission: { 'version.create': ({ name }) => ({ version: name }), ...readingSource },
    request: message({
      name: requiredText(),
      source: requiredText(),
      run_id: text().optional(),
      model_id: text().optional(),
      run_link: text().default(''),
      description: text().default(''),
      tags: list(tagMessage).default([]),
    }),
    async handler(
      { db, config, clock, caller },
      { name, source, run_id, model_id, run_link, description, tags },
    ) {
      checkModelName(name)
      checkColumns({ source, run_id, run_link, description })
      for (const one of tags) checkVersionTag(one)
      const version = await createModelVersion(
        db,
        { config, access: caller.access },
        {
          name,
          source,
          runId: run_id,
          modelId: model_id,
          runLink: run_link,
          description,
          tags,
          now: clock(),
        },
      )
      return { model_version: toWire(await shownVersion(db, caller.access, version)) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/model-versions/get',
    permission: { 'version.read': ({ name }) => ({ version: name }) },
    request: message({ name: requiredText(), version: requiredText() }),
    async handler({ db, caller }, { name, version }) {
      checkModelName(name)
      const found = await getModelVersion(db, name, parseVersion(version))
      return { model_version: toWire(await shownVersion(db, caller.access, found)) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/model-versions/get-download-uri',
    permission: { 'version.read': ({ name }) => ({ version: name }) },
    request: message({ name: text().default(''), version: text().default('') }),
    async handler({ db }, { name, version }) {
      checkModelName(name)
      return { artifact_uri: await getDownloadUri(db, name, parseVersion(version)) }
    },
  }),
  rpc({
    method: 'PATCH',
    path: '/mlflow/model-versions/update',
    permission: { 'version.update': ({ name }) => ({ version: name }) },
    request: message({ name: requiredText(), version: requiredText(), description: text().optional() }),
    async handler({ db, clock, caller }, { name, version, description }) {
      checkModelName(name)
      checkColumns({ description })
      const number = parseVersion(version)
      const change = { description: description ?? null, last_updated_time: clock() }
      const updated = await db.transaction().execute(async (tx) => {
        await getModelVersionRow(tx, name, number)
        await updateModelVersion(tx, name, number, change)
        return getModelVersion(tx, name, number)
      })
      return { model_version: toWire(await shownVersion(db, caller.access, updated)) }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/model-versions/transition-stage',
    permission: { 'version.update': ({ name }) => ({ version: name }) },
    request: message({
      name: requiredText(),
      version: requiredText(),
      stage: requiredText(),
      archive_existing_versions: bool().default(false),
    }),
    async handler({ db, clock, caller }, { name, version, stage, archive_existing_versions }) {
      checkModelName(name)
      const moved = await transitionStage(db, {
        name,
        version: parseVersion(version),
        stage,
        archiveOthers: archive_existing_versions,
        user: caller.name,
        now: clock(),
      })
      return { model_version: toWire(await shownVersion(db, caller.access, moved)) }
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/model-versions/delete',
    permission: { 'version.delete': ({ name }) => ({ version: name }) },
    request: message({ name: requiredText(), version: requiredText() }),
    async handler({ db, clock }, { name, version }) {
      checkModelName(name)
      await deleteModelVersion(db, name, parseVersion(version), clock())
      return {}
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/model-versions/search',
    permission: { 'version.read': ONLY_SEEN },
    request: message({
      filter: text().default(''),
      max_results: integer().default(200_000),
      order_by: list(text()).default([]),
      page_token: text().optional(),
    }),
    async handler({ db, caller }, { filter, max_results, order_by, page_token }) {
      checkMaxResults(max_results, 200_000)
      const search = {
        filter,
        orderBy: order_by,
        maxResults: max_results,
        pageToken: page_token,
      }
      const { rows, nextPageToken } = await searchModelVersions(db, search, caller.access)
      const versions = await shownVersions(db, caller.access, await withTags(db, rows))
      return { model_versions: unlessEmpty(versions.map(toWire)), next_page_token: nextPageToken }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/model-versions/set-tag',
    permission: { 'version.update': ({ name }) => ({ version: name }) },
    request: message({
      name: requiredText(),
      version: requiredText(),
      key: requiredText(),
      value: text().default(''),
    }),
    async handler({ db, clock }, { name, version, key, value }) {
      checkModelName(name)
      const number = parseVersion(version)
      checkVersionTag({ key, value })
      await db.transaction().execute(async (tx) => {
        await getModelVersionRow(tx, name, number)
        await setVersionTags(tx, name, number, [{ key, value }])
        const data = { version: String(number), key, value }
        await announceChange(tx, { name, ...VERSION_TAG, action: 'set', data, now: clock() })
      })
      return {}
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/model-versions/delete-tag',
    permission: { 'version.delete': ({ name }) => ({ version: name }) },
    request: message({ name: requiredText(), version: requiredText(), key: requiredText() }),
    async handler({ db, clock }, { name, version, key }) {
      checkModelName(name)
      const number = parseVersion(version)
      await db.transaction().execute(async (tx) => {
        await getModelVersionRow(tx, name, number)
        await deleteVersionTag(tx, name, number, key)
        const data = { version: String(number), key }
        await announceChange(tx, { name, ...VERSION_TAG, action: 'deleted', data, now: clock() })
      })
      return {}
    },
  }),
  ...(['GET', 'POST'] as const).map((method) =>
    rpc({
      method,
      path: '/mlflow/registered-models/get-latest-versions',
      permission: { 'version.read': ({ name }) => ({ version: name }) },
      request: latestVersions,
      async handler({ db, caller }, { name, stages }) {
        checkModelName(name)
        const latest = await getLatestVersions(db, name, stages)
        const versions = await shownVersions(db, caller.access, latest)
        return { model_versions: unlessEmpty(versions.map(toWire)) }
      },
    }),
  ),
]

export function toWire(version: ModelVersion) {
  return {
    name: version.name,
    version: String(version.version),
    creation_timestamp: orUnset(version.creation_time),
    last_updated_timestamp: orUnset(version.last_updated_time),
    user_id: orUnset(version.user_id),
    current_stage: orUnset(version.current_stage),
    description: orUnset(version.description),
    source: orUnset(version.source),
    run_id: orUnset(version.run_id),
    status: orUnset(version.status),
    status_message: version.status_message || undefined,
    tags: toWireTags(version.tags),
    run_link: orUnset(version.run_link),
    aliases: unlessEmpty(version.aliases),
  }
}

function checkVersionTag(one: { key: string; value: string }): void {
  if (one.key === 'mlflow.prompt.text' && one.value.length > 100_000) {
    throw invalidParameter('Prompt text exceeds max length of 100000 characters.')
  }
  checkRegistryTag(one)
}
