/** Where a webhook may point: https to public addresses, unless the settings say more. */
import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Config } from '../config.ts'
import { invalidParameter } from '../errors.ts'
import { isPublicAddress } from './address.ts'

export type TargetPolicy = Pick<Config, 'webhookAllowedSchemes' | 'webhookAllowPrivateIps'>

const RESOLVE_TIMEOUT_MS = 5_000

/**
 * The URL that a text is, by the rules that its delivery follows. That all readers of the text see the same host
 * needs more: no credentials, no backslashes, no white space.
 * @throws ApiError
 */
export function parseTarget(text: string, { webhookAllowedSchemes: schemes }: TargetPolicy): URL {
  if (text.trim() === '') {
    throw invalidParameter(`Webhook URL cannot be empty or just whitespace: '${text}'`)
  }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase() ?? ''
  if (!schemes.includes(scheme)) {
    throw invalidParameter(
      `Invalid webhook URL scheme: '${scheme}'. Allowed schemes are: ${schemes.join(', ')}.`,
    )
  }
  if (/[\s\\\p{C}]/u.test(text)) {
    throw invalidParameter('Webhook URL must have no white space, control characters or backslashes.')
  }
  if (!/^[a-z]+:\/\/[^/?#]/i.test(text)) {
    throw invalidParameter(`Webhook URL must include a hostname: '${text}'`)
  }
  if (!URL.canParse(text)) throw invalidParameter(`Invalid webhook URL '${text}'`)
  const url = new URL(text)
  if (url.username || url.password || text.includes('@')) {
    throw invalidParameter('Webhook URL must have no user name and no @ in it.')
  }
  return url
}

/** @throws ApiError for a URL that no webhook may have, and for one whose host has an address that is not public */
export async function checkTarget(text: string, policy: TargetPolicy): Promise<void> {
  const url = parseTarget(text, policy)
  if (policy.webhookAllowPrivateIps) return
  const hostname = hostOf(url)
  const addresses = isIP(hostname) ? [hostname] : await resolveHost(hostname)
  const wrong = addresses.find((address) => !isPublicAddress(address))
  if (wrong !== undefined) {
    throw invalidParameter(
      `Webhook URL must not resolve to a non-public IP address. '${hostname}' resolves to ${wrong}.`,
    )
  }
}

/** A host name, or an address without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

/** Resolves for a connection, and refuses a name with any address that is not public, so that none is tried. */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
    const wrong = error ?? found.map(({ address }) => refusal(address)).find((one) => one !== undefined)
    const [first] = found ?? []
    if (wrong || !first) callback(wrong ?? new Error(`${hostname} has no address`), '', 0)
    else if (options.all) callback(null, found)
    else callback(null, first.address, first.family)
  })
}

/** Why there must be no connection to an address. */
export function refusal(address: string | undefined): Error | undefined {
  return address !== undefined && isPublicAddress(address)
    ? undefined
    : new Error('the address of the target is not public')
}

async function resolveHost(hostname: string): Promise<string[]> {
  const timeout = new AbortController()
  const late = delay(RESOLVE_TIMEOUT_MS, 'late' as const, { signal: timeout.signal }).catch(
    () => 'late' as const,
  )
  const found = promisify(lookup)(hostname, { all: true }).catch(() => [])
  const first = await Promise.race([found, late])
  timeout.abort()
  if (first === 'late' || first.length === 0) {
    throw invalidParameter(`Cannot resolve Webhook URL hostname '${hostname}'`)
  }
  return first.map(({ address }) => address)
}
