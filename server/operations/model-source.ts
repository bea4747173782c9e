/**
 * Where a new model version says its files are. Whoever may read the version can have the server read from there,
 * so a source is taken only when the run or the logged model it names holds it, or when this server never reads it.
 */
import { type Access, mayAdminister } from '../access/access.ts'
import type { Config } from '../config.ts'
import type { Db } from '../db/index.ts'
import { ApiError, invalidParameter } from '../errors.ts'
import { getActiveLoggedModelRow } from '../store/logged-models.ts'
import { isPrompt, listModelTags, requireRegisteredModel } from '../store/registered-models.ts'
import { getRunRow } from '../store/runs.ts'
import { type ModelUri, parseModelPath, resolveModelVersion } from './model-uri.ts'
import {
  isLocal,
  isPlainPath,
  isProxied,
  isWithin,
  leadsElsewhere,
  localPath,
  namesHost,
  parseSourceUri,
  type SourceUri,
  sameTarget,
} from './source-uri.ts'

export interface RequestedSource {
  readonly source: string
  /** Undefined where the request leaves it out, which is not the same as empty for `models:/name/version`. */
  readonly runId: string | undefined
  readonly modelId: string | undefined
}

export interface ModelSource {
  readonly source: string
  readonly runId: string | null
  /** The logged model that becomes a version; empty for none. */
  readonly modelId: string
  /** Where the files are, with `models:` followed to what it stands for. */
  readonly storageLocation: string
}

/** What MLflow's own clients send for a prompt, which has no files. */
const PROMPT_SOURCES = ['dummy-source', 'prompt-template']

export function promptSource({ source, runId }: RequestedSource): ModelSource {
  if (!PROMPT_SOURCES.includes(source)) {
    throw invalidParameter(
      `Invalid prompt source: '${source}'. Prompt sources must use an MLflow placeholder.`,
    )
  }
  return { source, runId: runId ?? '', modelId: '', storageLocation: source }
}

/**
 * @throws ApiError for a source that the request's run or logged model does not hold, or that is elsewhere and so not
 * the caller's to name
 */
export async function resolveSource(
  db: Db,
  { config, access }: { config: Config; access: Access },
  requested: RequestedSource,
): Promise<ModelSource> {
  const uri = parseSourceUri(requested.source)
  checkSource(uri, config)
  const model = uri.scheme === 'models' ? parseModelSource(uri) : undefined
  if (model && !('modelId' in model)) return versionSource(db, uri, model, requested)
  const { runId = '', modelId = '' } = requested
  const isFree = isElsewhere(uri) && mayAdminister(access)
  if (modelId) return loggedModelSource(db, uri, model, { modelId, runId, isFree })
  if (model) throw notHeld(uri, 'model_id')
  if (uri.scheme === 'runs' && (uri.authority || uri.path.split('/')[1] !== runId || !runId)) {
    throw notHeld(uri, 'run_id')
  }
  if (uri.scheme !== 'runs' && !isFree) await checkHeld(uri, 'run_id', runId && (() => runRoot(db, runId)))
  return { source: uri.text, runId, modelId, storageLocation: uri.text }
}

/** The registered model of whose versions a source is one: then it is theirs, whatever run and logged model they have. */
export function modelOfSource(source: string): string | undefined {
  const { scheme, path } = parseSourceUri(source)
  const model = scheme === 'models' ? parseModelPath(path) : undefined
  return model && 'name' in model ? model.name : undefined
}

/** What can be said of a source without looking anything up. */
function checkSource(uri: SourceUri, config: Config): void {
  if (config.modelVersionSourceRegex && !new RegExp(config.modelVersionSourceRegex).test(uri.text)) {
    throw invalidParameter(`Invalid model version source: '${uri.text}'.`)
  }
  const { scheme, text } = uri
  if (
    namesHost(uri) &&
    !config.allowedHostAddressedSchemes.some((allowed) => allowed.toLowerCase() === scheme) &&
    !sameTarget(uri, parseSourceUri(config.defaultArtifactRoot))
  ) {
    throw invalidParameter(
      `'source' cannot use the '${scheme}' scheme: the '${scheme}' scheme addresses a host other than the tracking server's configured artifact storage, so the server would connect to the host named in the URI. Set the MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES environment variable on the server to allow it.`,
    )
  }
  if (scheme === 'models') return
  if (leadsElsewhere(uri) || text !== text.trim() || (!isLocal(uri) && !isPlainPath(uri))) {
    throw invalidParameter(
      `Invalid model version source: '${text}'. If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.`,
    )
  }
}

function parseModelSource(uri: SourceUri): ModelUri {
  if (uri.authority) {
    throw invalidParameter(
      `Invalid model version source: '${uri.text}'. Registered model sources must use the active model registry.`,
    )
  }
  const model = leadsElsewhere(uri) || /[?#]/.test(uri.text) ? undefined : parseModelPath(uri.path)
  if (!model) throw notHeld(uri, 'model_id')
  return model
}

/** A copy of another version: of that version's files, run and logged model. */
async function versionSource(
  db: Db,
  uri: SourceUri,
  model: Exclude<ModelUri, { readonly modelId: string }>,
  { runId, modelId }: RequestedSource,
): Promise<ModelSource> {
  await requireRegisteredModel(db, model.name)
  if (isPrompt(await listModelTags(db, [model.name]))) {
    throw invalidParameter(
      `Invalid model version source: '${uri.text}'. Prompt versions cannot be used as model version sources.`,
    )
  }
  const original = await resolveModelVersion(db, model)
  if ((runId !== undefined && runId !== (original.run_id ?? '')) || modelId) {
    throw invalidParameter(
      `Invalid model version source: '${uri.text}'. The run_id and model_id request parameters must match the referenced model version.`,
    )
  }
  return {
    source: `models:/${original.name}/${original.version}`,
    runId: runId ?? original.run_id,
    modelId: '',
    storageLocation: original.storage_location || original.source || '',
  }
}

async function loggedModelSource(
  db: Db,
  uri: SourceUri,
  model: { readonly modelId: string } | undefined,
  { modelId, runId, isFree }: { modelId: string; runId: string; isFree: boolean },
): Promise<ModelSource> {
  if (uri.scheme === 'runs' || (model && model.modelId !== modelId)) throw notHeld(uri, 'model_id')
  const row = await getActiveLoggedModelRow(db, modelId).catch((error: unknown) => {
    throw isElsewhere(uri) ? error : notHeldIfMissing(error, uri, 'model_id')
  })
  if (!model && !isFree) await checkHeld(uri, 'model_id', async () => row.artifact_location)
  return {
    source: uri.text,
    runId: runId || row.source_run_id,
    modelId,
    storageLocation: model ? row.artifact_location : uri.text,
  }
}

/** Whether the URI names a store of its own: what is in this server's is held by a run or a logged model. */
function isElsewhere(uri: SourceUri): boolean {
  return !isLocal(uri) && !isProxied(uri)
}

type Holder = 'run_id' | 'model_id'

/** Refuses a source that is not below its holder's artifact root. */
async function checkHeld(
  uri: SourceUri,
  holder: Holder,
  findRoot: '' | (() => Promise<string>),
): Promise<void> {
  const root =
    findRoot &&
    (await findRoot().catch((error: unknown) => {
      throw notHeldIfMissing(error, uri, holder)
    }))
  if (
    root &&
    (isLocal(uri) ? isBelowFolder(uri, parseSourceUri(root)) : isWithin(uri, parseSourceUri(root)))
  ) {
    return
  }
  throw isLocal(uri) ? notInFolder(uri, holder) : notHeld(uri, holder)
}

function isBelowFolder(uri: SourceUri, root: SourceUri): boolean {
  const folder = isLocal(root) ? localPath(root) : undefined
  const path = localPath(uri)
  return folder !== undefined && path !== undefined && `${path}/`.startsWith(`${folder}/`)
}

async function runRoot(db: Db, runId: string): Promise<string> {
  return (await getRunRow(db, runId)).artifact_uri ?? ''
}

function notHeldIfMissing(error: unknown, uri: SourceUri, holder: Holder): unknown {
  return error instanceof ApiError && error.code === 'RESOURCE_DOES_NOT_EXIST' ? notHeld(uri, holder) : error
}

function notHeld({ text }: SourceUri, holder: Holder): ApiError {
  return invalidParameter(
    `Invalid model version source: '${text}'. The ${holder} request parameter must identify the resource that contains the source.`,
  )
}

function notInFolder({ text }: SourceUri, holder: Holder): ApiError {
  return invalidParameter(
    `Invalid model version source: '${text}'. To use a local path as a model version source, the ${holder} request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the ${holder}.`,
  )
}
