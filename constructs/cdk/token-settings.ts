import { Token } from 'aws-cdk-lib'
import { trackingEnvironment } from '../environment.ts'
import { parseSettings, type TrackingSettings, type TrackingSettingsInput } from '../settings.ts'

/**
 * Settings and environment of a server some of whose settings are known only when it is deployed, such as the host
 * of its database. No check can read a token, so a stand-in takes its place until the environment is made.
 */
export function compileSettings(input: TrackingSettingsInput): {
  readonly settings: TrackingSettings
  readonly environment: Record<string, string>
} {
  const tokens: string[] = []
  const standIn = (index: number) => `token-${index}-stand-in`
  const withStandIns = mapText(input, (text) =>
    Token.isUnresolved(text) ? standIn(tokens.push(text) - 1) : text,
  )
  const settings = parseSettings(withStandIns)
  const withTokens = (text: string) =>
    tokens.reduce((result, token, index) => result.replaceAll(standIn(index), () => token), text)
  return { settings, environment: mapText(trackingEnvironment(settings), withTokens) }
}

/** The same value with every text in it, however deep, replaced. */
function mapText<T>(value: T, replace: (text: string) => string): T
function mapText(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value)
  if (Array.isArray(value)) return value.map((item) => mapText(item, replace))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapText(item, replace)]))
}
