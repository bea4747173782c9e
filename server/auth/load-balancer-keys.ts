/** The keys AWS's load balancers sign with: one each, as PEM, at a URL of their region. */
import { importSPKI } from 'jose'
import { keepLatest } from '../bounded.ts'
import { ApiError } from '../errors.ts'
import { unauthenticated } from './jwt.ts'

type Key = Awaited<ReturnType<typeof importSPKI>>

const TIMEOUT_MS = 5_000
/** A region has a few. */
const MOST_KEYS = 20
/** However many ids requests make up. */
const MOST_FETCHES = 10
const FETCHES_WITHIN_MS = 60_000

const KEY_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** @returns the key of an id. @throws ApiError, on use: UNAUTHENTICATED where there is none, else TEMPORARILY_UNAVAILABLE */
export function loadBalancerKeys(arn: string, keysUrl: string): (id: unknown) => Promise<Key> {
  const base = keysUrl.replace(/\/$/, '') || regionalUrl(arn)
  const known = new Map<string, Promise<Key>>()
  let fetches: number[] = []
  return async (id) => {
    if (typeof id !== 'string' || !KEY_ID.test(id))
      throw unauthenticated('its key has no id of a load balancer')
    const found = known.get(id)
    if (found) return found
    fetches = fetches.filter((at) => at > performance.now() - FETCHES_WITHIN_MS)
    if (fetches.length >= MOST_FETCHES) throw unavailable(new Error('too many keys were asked for'))
    fetches.push(performance.now())
    const fetching = fetchKey(`${base}/${id}`)
    keepLatest(known, id, fetching, MOST_KEYS)
    fetching.catch(() => known.delete(id))
    return fetching
  }
}

async function fetchKey(url: string): Promise<Key> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    unavailably,
  )
  if ([403, 404].includes(response.status)) throw unauthenticated('no load balancer has its key')
  if (!response.ok) throw unavailable(new Error(`${url} answered ${response.status}`))
  return importSPKI(await response.text().catch(unavailably), 'ES256').catch(unavailably)
}

/** Other partitions and GovCloud keep them elsewhere: there the setting names the place. */
function regionalUrl(arn: string): string {
  return `https://public-keys.auth.elb.${arn.split(':')[3]}.amazonaws.com`
}

function unavailably(cause: unknown): never {
  throw unavailable(cause)
}

function unavailable(cause: unknown): ApiError {
  return new ApiError('TEMPORARILY_UNAVAILABLE', 'The key of the load balancer cannot be had right now.', {
    cause,
  })
}
