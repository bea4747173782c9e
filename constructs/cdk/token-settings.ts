import { Token } from 'aws-cdk-lib'
import type { Config, SettingName } from '../../server/config.ts'
import { SETTINGS } from '../../server/config-settings.ts'
import { trackingEnvironment } from '../environment.ts'
import { parseSettings, type TrackingSettings, type TrackingSettingsInput } from '../settings.ts'

/** What the settings do not say, since the stack makes it. */
export interface MadeSettings {
  /** A text in them may be a token. */
  readonly config?: Partial<Config>
  /** Settings whose values no template holds: the environment of a container gets them when it starts. */
  readonly secrets?: readonly SettingName[]
}

/** Takes the place of a secret in the checks. */
const SECRET_STAND_IN = 'a-secret-that-nobody-knows-and-nobody-can-guess'

/** Shapes of the texts that may not be just any text. */
const STAND_INS: Partial<Record<string, (index: number) => string>> = {
  trustedProxies: (index) => `2001:db8::${index}/128`,
  loadBalancerArn: (index) =>
    `arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/stand-in/${index}`,
}

/**
 * Settings and environment of a server some of whose settings are known only when it is deployed, such as the host
 * of its database. No check can read a token, so a stand-in takes its place until the environment is made.
 */
export function compileSettings(
  input: TrackingSettingsInput,
  { config = {}, secrets = [] }: MadeSettings = {},
): {
  readonly settings: TrackingSettings
  readonly environment: Record<string, string>
} {
  const tokens = new Map<string, string>()
  const withStandIn = (text: string, name = '') => {
    if (!Token.isUnresolved(text)) return text
    const standIn = STAND_INS[name]?.(tokens.size) ?? `token-${tokens.size}-stand-in`
    tokens.set(standIn, text)
    return standIn
  }
  const settings = parseSettings(mapText(input, withStandIn))
  const standInsOfSecrets = Object.fromEntries(secrets.map((name) => [name, SECRET_STAND_IN]))
  const environment = trackingEnvironment(settings, { ...mapText(config, withStandIn), ...standInsOfSecrets })
  for (const name of secrets) delete environment[SETTINGS[name].env]
  const withTokens = (text: string) =>
    [...tokens].reduce((result, [standIn, token]) => result.replaceAll(standIn, () => token), text)
  return { settings, environment: mapText(environment, withTokens) }
}

/** The same value with every text in it, however deep, replaced; `name` is that of the property it is in. */
function mapText<T>(value: T, replace: (text: string, name?: string) => string, name?: string): T
function mapText(value: unknown, replace: (text: string, name?: string) => string, name?: string): unknown {
  if (typeof value === 'string') return replace(value, name)
  if (Array.isArray(value)) return value.map((item) => mapText(item, replace, name))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapText(item, replace, key)]))
}
