/** The artifact URI of what owns artifacts: a run, a logged model, a model version. */
import type { Db } from '../db/index.ts'
import { invalidParameter, notFound } from '../errors.ts'
import { findLoggedModelLocation, findModelVersionLocation } from '../store/artifact-locations.ts'
import { getRunRow } from '../store/runs.ts'

const MOST_HOPS = 10

export async function getRunArtifactUri(db: Db, runId: string): Promise<string> {
  const { artifact_uri } = await getRunRow(db, runId)
  return artifact_uri || noArtifacts(`Run ${runId}`)
}

export async function getLoggedModelArtifactUri(db: Db, modelId: string): Promise<string> {
  const location = await findLoggedModelLocation(db, modelId)
  if (location === undefined) throw notFound(`Logged model with ID '${modelId}' not found.`)
  return location
}

/** Follows `runs:/` and `models:/` to the URI where the files are. */
export async function getModelVersionArtifactUri(db: Db, name: string, version: number): Promise<string> {
  return versionUri(db, name, version, MOST_HOPS)
}

async function versionUri(db: Db, name: string, version: number, hops: number): Promise<string> {
  const found = await findModelVersionLocation(db, name, version)
  if (!found) throw notFound(`Model Version (name=${name}, version=${version}) not found`)
  const uri = found.storage_location || found.source
  return uri ? resolve(db, uri, hops) : noArtifacts(`Model version ${name}/${version}`)
}

async function resolve(db: Db, uri: string, hops: number): Promise<string> {
  const [, scheme, rest = ''] = /^(runs|models):\/+(.*)$/.exec(uri) ?? []
  if (scheme === undefined) return uri
  const [first = '', ...others] = rest.split('/').filter((part) => part !== '')
  if (scheme === 'runs') return append(await getRunArtifactUri(db, first), others)
  if (others.length === 0) return getLoggedModelArtifactUri(db, first)
  const version = Number(others[0])
  if (others.length > 1 || !Number.isSafeInteger(version) || hops === 0) {
    throw invalidParameter(`Invalid model version source: '${uri}'.`)
  }
  return versionUri(db, first, version, hops - 1)
}

function append(uri: string, segments: string[]): string {
  return [uri.replace(/\/+$/, ''), ...segments].join('/')
}

function noArtifacts(owner: string): never {
  throw notFound(`${owner} has no artifacts.`)
}
