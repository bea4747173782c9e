/** The Pulumi program. Stack `local`: one server in a container of this machine's Docker engine. */
import { join } from 'node:path'
import * as pulumi from '@pulumi/pulumi'
import { optionsUnder } from '../constructs/options-under.ts'
import { TrackingServer } from '../constructs/pulumi/tracking-server.ts'
import { parseSettings, SettingsError, type TrackingSettings } from '../constructs/settings.ts'

const settings = readSettings(pulumi.getStack(), pulumi.getProject(), pulumi.runtime.allConfig())

const server = new TrackingServer(settings.name, {
  settings,
  image: settings.image ?? { build: { context: join(import.meta.dirname, '..') } },
})

export const url = server.url
export const volumeName = server.volumeName
export const containerId = server.containerId

/** @throws pulumi.RunError, which Pulumi shows without a stack trace, before any resource exists */
function readSettings(stack: string, project: string, config: Record<string, string>): TrackingSettings {
  if (stack !== 'local') {
    const reason = stack === 'team' ? 'the team tier comes with a later release' : 'there is no such tier'
    throw new pulumi.RunError(
      `stack ${stack}: ${reason}; use the stack local: pulumi stack select --create local`,
    )
  }
  const options = optionsUnder(`${project}:`, config)
  const problems = 'tier' in options ? ["tier: the stack's name says it; leave it out"] : []
  try {
    const settings = parseSettings({ ...options, tier: stack })
    if (problems.length === 0) return settings
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    problems.push(...error.problems)
  }
  throw new pulumi.RunError([`Pulumi.${stack}.yaml:`, ...problems].join('\n  '))
}
