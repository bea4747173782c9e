/** The artifact URI of what owns artifacts: a run, a logged model, a model version. */
import type { Db } from '../db/index.ts'
import { invalidParameter, notFound } from '../errors.ts'
import { getActiveLoggedModelRow } from '../store/logged-models.ts'
import { getDownloadUri } from '../store/model-versions.ts'
import { getRunRow } from '../store/runs.ts'
import { parseModelPath, resolveModelVersion } from './model-uri.ts'

const MOST_HOPS = 10

export async function getRunArtifactUri(db: Db, runId: string): Promise<string> {
  const { artifact_uri } = await getRunRow(db, runId)
  return artifact_uri || noArtifacts(`Run ${runId}`)
}

export async function getLoggedModelArtifactUri(db: Db, modelId: string): Promise<string> {
  return (await getActiveLoggedModelRow(db, modelId)).artifact_location
}

/** Follows `runs:/` and `models:/` to the URI where the files are. */
export async function getModelVersionArtifactUri(db: Db, name: string, version: number): Promise<string> {
  return versionUri(db, name, version, MOST_HOPS)
}

async function versionUri(db: Db, name: string, version: number, hops: number): Promise<string> {
  const uri = await getDownloadUri(db, name, version)
  return uri ? follow(db, uri, hops) : noArtifacts(`Model version ${name}/${version}`)
}

async function follow(db: Db, uri: string, hops: number): Promise<string> {
  const [, scheme, path = ''] = /^(runs|models):(.*)$/.exec(uri) ?? []
  if (scheme === 'runs') {
    const [runId = '', ...folders] = path.split('/').filter((part) => part !== '')
    return append(await getRunArtifactUri(db, runId), folders)
  }
  if (scheme !== 'models') return uri
  const model = parseModelPath(path)
  if (!model || hops === 0) throw invalidParameter(`Invalid model version source: '${uri}'.`)
  if ('modelId' in model) return getLoggedModelArtifactUri(db, model.modelId)
  const { name, version } = await resolveModelVersion(db, model)
  return versionUri(db, name, version, hops - 1)
}

function append(uri: string, segments: string[]): string {
  return [uri.replace(/\/+$/, ''), ...segments].join('/')
}

function noArtifacts(owner: string): never {
  throw notFound(`${owner} has no artifacts.`)
}
