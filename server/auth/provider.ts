/** The OpenID provider at which people sign in. Imported only where a setting names one. */
import { readFile } from 'node:fs/promises'
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  discovery,
  enableNonRepudiationChecks,
  None,
  type ServerMetadata,
} from 'openid-client'
import type { Config } from '../config.ts'
import { SETTINGS } from '../config-settings.ts'
import type { Clock } from '../context.ts'

const TIMEOUT_SECONDS = 10
/** What it says of itself is asked for again after this. */
const KEPT_MS = 3_600_000
/** Where it has just failed, nobody waits for it again. */
const PAUSE_MS = 3_000

/** @throws Error, on use, while the provider does not say what it is, or says something the settings do not allow */
export type Provider = () => Promise<Configuration>

export function openProvider(config: Config, clock: Clock): Provider {
  let known: { readonly found: Promise<Configuration>; readonly until: number } | undefined
  return () => {
    const now = clock()
    if (known && now < known.until) return known.found
    const before = known?.found
    const found = discover(config).catch((error: unknown) => {
      known = { found: before ?? found, until: clock() + PAUSE_MS }
      if (before) return before
      throw error
    })
    known = { found, until: now + KEPT_MS }
    return found
  }
}

async function discover(config: Config): Promise<Configuration> {
  const { oidcIssuer, oidcClientId } = config
  const issuer = new URL(oidcIssuer)
  const insecure = issuer.protocol === 'http:' ? [allowInsecureRequests] : []
  const found = await discovery(issuer, oidcClientId, undefined, None(), {
    execute: insecure,
    timeout: TIMEOUT_SECONDS,
  })
  const server = withAlgorithms(found.serverMetadata(), config)
  // One that answers for every organization names none, and would let each of them in.
  if (server.issuer.replace(/\/$/, '') !== oidcIssuer.replace(/\/$/, '')) {
    throw new Error(`${SETTINGS.oidcIssuer.env}: the provider there calls itself ${server.issuer}`)
  }
  const client = new Configuration(
    server,
    oidcClientId,
    undefined,
    authentication(server, await secretOf(config)),
  )
  for (const allow of insecure) allow(client)
  client.timeout = TIMEOUT_SECONDS
  enableNonRepudiationChecks(client)
  return client
}

/** Leaves of the algorithms it may sign with those that the settings allow. */
function withAlgorithms(server: ServerMetadata, { oidcAlgorithms }: Config): ServerMetadata {
  const offered = server.id_token_signing_alg_values_supported ?? ['RS256']
  const allowed = offered.filter((name) => oidcAlgorithms.includes(name))
  if (allowed.length === 0) {
    throw new Error(
      `${SETTINGS.oidcAlgorithms.env}: the provider signs with ${offered.join(', ')}, none of which is allowed`,
    )
  }
  return { ...server, id_token_signing_alg_values_supported: allowed }
}

function authentication(server: ServerMetadata, secret: string): ClientAuth {
  if (secret === '') return None()
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return methods.includes('client_secret_basic') ? ClientSecretBasic(secret) : ClientSecretPost(secret)
}

async function secretOf({ oidcClientSecret, oidcClientSecretFile }: Config): Promise<string> {
  if (oidcClientSecretFile === '') return oidcClientSecret
  return (await readFile(oidcClientSecretFile, 'utf8')).trimEnd()
}
