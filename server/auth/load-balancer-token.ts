/** What AWS's Application Load Balancer says of whom it has signed in. Imported only where a setting names one. */
import { type CompactJWSHeaderParameters, type JWTPayload, jwtVerify } from 'jose'
import type { Config } from '../config.ts'
import type { Person } from '../operations/signed-in.ts'
import { personOf } from './claims.ts'
import { CLOCK_TOLERANCE_SECONDS, refuse, unauthenticated } from './jwt.ts'
import { loadBalancerKeys } from './load-balancer-keys.ts'

/**
 * @returns whom `x-amzn-oidc-data` names
 * @throws ApiError, on use: UNAUTHENTICATED for one that is not good, TEMPORARILY_UNAVAILABLE while that cannot be said
 */
export function loadBalancerReader(config: Config): (token: string) => Promise<Person> {
  const keyOf = loadBalancerKeys(config.loadBalancerArn, config.loadBalancerKeysUrl)
  const names = { username: config.loadBalancerUsernameClaim, groups: config.loadBalancerGroupsClaim }
  const options = { algorithms: ['ES256'], clockTolerance: CLOCK_TOLERANCE_SECONDS }
  return async (token) => {
    // Before a key is fetched for it. The signature covers this header, so what it says holds once that is verified.
    const keyFor = async (header: CompactJWSHeaderParameters) => {
      checkHeader(header, config)
      return keyOf(header.kid)
    }
    const { payload } = await jwtVerify<JWTPayload>(token, keyFor, options).catch(refuse)
    return personOf(payload, names)
  }
}

/** A load balancer's claims of its own are in the header; the payload is what the identity provider said of the user. */
function checkHeader(header: CompactJWSHeaderParameters, config: Config): void {
  const { signer, iss, client, exp } = header as Record<string, unknown>
  if (signer !== config.loadBalancerArn) throw unauthenticated('another load balancer has signed it')
  if (config.loadBalancerIssuer !== '' && iss !== config.loadBalancerIssuer) {
    throw unauthenticated('it is of another issuer')
  }
  if (config.loadBalancerClientId !== '' && client !== config.loadBalancerClientId) {
    throw unauthenticated('it is for another client')
  }
  if (typeof exp !== 'number' || exp + CLOCK_TOLERANCE_SECONDS <= Date.now() / 1000) {
    throw unauthenticated('it has expired')
  }
}
