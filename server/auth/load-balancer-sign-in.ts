/** The way in for people whom an AWS load balancer has signed in already. */
import type { Config } from '../config.ts'
import type { Login } from '../operations/login.ts'
import { signedIn } from '../operations/signed-in.ts'
import { firstUses } from './sign-events.ts'
import type { Identity, SignIn } from './sign-in.ts'
import { trustedProxies } from './trusted-proxies.ts'

export const PERSON_HEADER = 'x-amzn-oidc-data'

/** The header alone is nothing: its signature, and whose it is, decide. */
export function loadBalancerSignIn(config: Config, login: Login): SignIn {
  const isOn = config.login.includes('load-balancer')
  const isTrusted = trustedProxies(config.trustedProxies)
  const recordUse = firstUses(login)
  let reader: ReturnType<typeof importReader> | undefined
  return ({ clock }, request) => {
    const { headers, socket } = request
    const token = headers[PERSON_HEADER]
    if (!isOn || typeof token !== 'string') return undefined
    if (config.trustedProxies.length > 0 && !isTrusted(socket.remoteAddress)) return undefined
    reader ??= importReader(config)
    return reader
      .then((read) => ofPerson(login, read, token))
      .then((identity) => {
        recordUse(identity, request, clock())
        return identity
      })
  }
}

async function ofPerson(login: Login, read: ReadToken, token: string): Promise<Identity> {
  const person = await read(token)
  await signedIn(login, person)
  return { username: person.username, via: 'load-balancer' }
}

type ReadToken = Awaited<ReturnType<typeof importReader>>

async function importReader(config: Config) {
  const { loadBalancerReader } = await import('./load-balancer-token.ts')
  return loadBalancerReader(config)
}
