/** `models:/…` URIs: a logged model by id, or a registered model's version by number, stage, alias or `latest`. */
import type { Db } from '../db/index.ts'
import { invalidParameter, notFound } from '../errors.ts'
import { findAlias } from '../store/model-aliases.ts'
import {
  getModelVersion,
  listLatestVersions,
  type ModelVersion,
  withAliases,
} from '../store/model-versions.ts'
import { requireRegisteredModel } from '../store/registered-models.ts'
import { parseStage } from './model-stages.ts'

export type ModelUri =
  | { readonly modelId: string }
  | { readonly name: string; readonly version: number }
  | { readonly name: string; readonly stage: string }
  | { readonly name: string; readonly alias: string }
  | { readonly name: string }

/** The model that the path of a `models:` URI stands for; nothing when it stands for none. */
export function parseModelPath(path: string): ModelUri | undefined {
  if (!path.startsWith('/')) return undefined
  const [name = '', suffix, ...more] = path.replace(/^\/+/, '').split('/')
  if (more.length > 0 || name.trim() === '') return undefined
  if (suffix === undefined) return parseAliasOrId(name)
  if (suffix.trim() === '') return undefined
  if (/^\d{1,15}$/.test(suffix)) return { name, version: Number(suffix) }
  return suffix.toLowerCase() === 'latest' ? { name } : { name, stage: suffix }
}

/** The version that a URI of a registered model stands for now. */
export async function resolveModelVersion(
  db: Db,
  uri: Exclude<ModelUri, { readonly modelId: string }>,
): Promise<ModelVersion> {
  if ('version' in uri) return getModelVersion(db, uri.name, uri.version)
  if ('alias' in uri) return getVersionByAlias(db, uri.name, uri.alias)
  const stage = 'stage' in uri ? parseStage(uri.stage) : undefined
  const newest = await findNewestVersion(db, uri.name, stage)
  if (newest) return newest
  throw notFound(
    `No versions of model with name '${uri.name}'${'stage' in uri ? ` and stage '${uri.stage}'` : ''} found`,
  )
}

/** The version an alias points at; `latest` is the alias of the newest. */
export async function getVersionByAlias(db: Db, name: string, alias: string): Promise<ModelVersion> {
  await requireRegisteredModel(db, name)
  if (alias.toLowerCase() === 'latest') {
    const newest = await findNewestVersion(db, name)
    if (!newest) throw notFound(`Latest version not found for model ${name}.`)
    return newest
  }
  const found = await findAlias(db, name, alias)
  if (!found) throw invalidParameter(`Registered model alias ${alias} not found.`)
  return getModelVersion(db, name, found.version)
}

function parseAliasOrId(name: string): ModelUri | undefined {
  const at = name.lastIndexOf('@')
  if (at === -1) return { modelId: name }
  const alias = name.slice(at + 1)
  return alias.trim() === '' ? undefined : { name: name.slice(0, at), alias }
}

async function findNewestVersion(db: Db, name: string, stage?: string): Promise<ModelVersion | undefined> {
  const latest = await listLatestVersions(db, [name])
  const inStage = latest.filter((one) => stage === undefined || one.current_stage === stage)
  const [newest] = inStage.sort((a, b) => b.version - a.version)
  return newest && (await withAliases(db, [newest]))[0]
}
