/** The Pulumi program: the stacks `local` and `team` on a Docker engine, and what `team` may have in AWS. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as aws from '@pulumi/aws'
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { optionsUnder } from '../constructs/options-under.ts'
import { CloudParts } from '../constructs/pulumi/cloud-parts.ts'
import { TeamTier } from '../constructs/pulumi/team-tier.ts'
import { TrackingServer } from '../constructs/pulumi/tracking-server.ts'
import { requireAuthority } from '../constructs/rds-authorities.ts'
import { parseSettings, SettingsError, type TrackingSettings } from '../constructs/settings.ts'

const STACKS = ['local', 'team']

const settings = readSettings(pulumi.getStack(), pulumi.getProject(), pulumi.runtime.allConfig())
const image = settings.image ?? { build: { context: join(import.meta.dirname, '..') } }
const providers = settings.host ? [new docker.Provider('engine', { host: settings.host })] : []

const inCloud =
  settings.tier === 'team' && (settings.artifacts.kind === 's3' || settings.database.kind === 'rds')
const certificate = readCertificate(settings)
const cloud = inCloud ? new CloudParts(settings.name, settings) : undefined

const stack =
  settings.tier === 'team'
    ? new TeamTier(settings.name, { settings, image, certificate, cloud }, { providers })
    : new TrackingServer(settings.name, { settings, image }, { providers })

export const url = stack.url
export const volumeName = stack.volumeName
export const containerIds = stack instanceof TeamTier ? stack.containerIds : pulumi.all([stack.containerId])

/** @throws pulumi.RunError, which Pulumi shows without a stack trace, before any resource exists */
function readSettings(stack: string, project: string, config: Record<string, string>): TrackingSettings {
  if (!STACKS.includes(stack)) {
    throw new pulumi.RunError(
      `stack ${stack}: there is no such tier; use local or team: pulumi stack select --create local`,
    )
  }
  const options = optionsUnder(`${project}:`, config)
  const problems = 'tier' in options ? ["tier: the stack's name says it; leave it out"] : []
  try {
    const settings = parseSettings({ ...options, tier: stack })
    const { database } = settings
    if (database.kind === 'rds' && aws.config.region) requireAuthority(aws.config.region, database.authority)
    if (problems.length === 0) return settings
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    problems.push(...error.problems)
  }
  throw new pulumi.RunError([`Pulumi.${stack}.yaml:`, ...problems].join('\n  '))
}

/** @throws pulumi.RunError when a file cannot be read */
function readCertificate({ tls }: TrackingSettings) {
  if (tls?.kind !== 'files') return undefined
  const read = (option: 'certificate' | 'key') => {
    try {
      return readFileSync(tls[option], 'utf8')
    } catch (error) {
      throw new pulumi.RunError(`tls.${option}: ${(error as Error).message}`)
    }
  }
  return { certificate: read('certificate'), key: pulumi.secret(read('key')) }
}
