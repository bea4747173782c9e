/** On one real connection, which one client after another uses: what is known of the last must let nobody in. */
import { Agent, request } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { json } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { type LockedServer, lockedServer } from '../server/locked-server.ts'

const WHO = '/api/2.0/mlflow/users/current'
const TOKENS = '/api/2.0/trackyard/tokens'

type Headers = Readonly<Record<string, string>>

it('knows each of its callers, and nobody without a credential', async () => {
  const { server, send } = await oneConnection()
  const [ann, bob] = [await server.user('ann'), await server.user('bob')]
  for (const headers of [ann, ann, bob, bob, ann]) {
    const { user } = (await send('GET', WHO, headers)).body
    expect(user.username).toBe(headers === ann ? 'ann' : 'bob')
    expect((await send('GET', WHO)).status).toBe(401)
  }
})

it('refuses a token at once when it is revoked, has expired, or is in the URL', async () => {
  const now = { ms: Date.now() }
  const { server, send } = await oneConnection(() => now.ms)
  const ann = await server.user('ann')
  const made = async () => {
    const { body } = await send('POST', TOKENS, ann, { name: 'ci', scope: 'read', expires_in: '1d' })
    const headers = { authorization: `Bearer ${body.token}` }
    expect((await send('GET', WHO, headers)).status).toBe(200)
    expect((await send('GET', WHO, headers)).status).toBe(200)
    return { id: body.token_info.token_id, token: body.token, headers }
  }
  const revoked = await made()
  await send('DELETE', `${TOKENS}?token_id=${revoked.id}`, ann)
  expect((await send('GET', WHO, revoked.headers)).status).toBe(401)
  const shown = await made()
  expect((await send('GET', `${WHO}?token=${shown.token}`, shown.headers)).status).toBe(401)
  const expiring = await made()
  now.ms += 86_400_000
  expect((await send('GET', WHO, expiring.headers)).status).toBe(401)
})

it('refuses a password at once when it is another, or its user is gone', async () => {
  const { server, send } = await oneConnection()
  const [root, ann] = [await server.user('root', true), await server.user('ann')]
  expect((await send('GET', WHO, ann)).status).toBe(200)
  const renewed = { username: 'ann', password: 'another password' }
  await send('PATCH', '/api/2.0/mlflow/users/update-password', ann, { ...renewed, current_password: OWN })
  expect((await send('GET', WHO, ann)).status).toBe(401)
  const again = { authorization: `Basic ${btoa(`ann:${renewed.password}`)}` }
  expect((await send('GET', WHO, again)).status).toBe(200)
  await send('DELETE', '/api/2.0/mlflow/users/delete', root, { username: 'ann' })
  expect((await send('GET', WHO, again)).status).toBe(401)
})

it('takes a session that has ended for no sign-in, whatever else comes with it', async () => {
  const { server, send } = await oneConnection()
  const ann = await server.user('ann')
  expect((await send('GET', WHO, ann)).status).toBe(200)
  const both = { ...ann, cookie: 'trackyard-session=nothing; mlflow_user=signed-in' }
  const fresh = await server.app.inject({ url: WHO, headers: both })
  expect((await send('GET', WHO, both)).status).toBe(fresh.statusCode)
})

it('has each network in the audit log from which a proxy brings a caller', async () => {
  const { server, send } = await oneConnection(undefined, ['127.0.0.1'])
  const ann = await server.user('ann')
  for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.2'])
    await send('GET', WHO, { ...ann, 'x-forwarded-for': address })
  await server.login.audit.flush()
  const signIns = await server.login.db
    .selectFrom('trackyard_audit')
    .select('address')
    .where('action', '=', 'sign-in')
    .orderBy('address')
    .execute()
  expect(signIns).toEqual([{ address: '203.0.113.1' }, { address: '203.0.113.2' }])
})

const OWN = 'a password of its own'

/** A server, and a way to send it one request after another on the same connection. */
async function oneConnection(clock?: () => number, trustedProxies: string[] = []) {
  const server: LockedServer = await lockedServer({ trustedProxies })
  if (clock) Object.assign(server.context, { clock })
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 1, host: '127.0.0.1' })
  onTestFinished(() => agent.destroy())
  const sockets = new Set<Socket>()
  const send = async (method: string, path: string, headers: Headers = {}, body?: object) => {
    const text = body && JSON.stringify(body)
    const described = text && { 'content-type': 'application/json', 'content-length': text.length }
    const answer = await new Promise<{ status: number; body: Answer }>((resolve, reject) => {
      const sent = request({ agent, port, method, path, headers: { ...headers, ...described } })
      sent.on('socket', (socket) => sockets.add(socket))
      sent.on('response', async (response) =>
        resolve({ status: response.statusCode ?? 0, body: (await json(response)) as Answer }),
      )
      sent.on('error', reject)
      sent.end(text)
    })
    expect(sockets.size).toBe(1)
    return answer
  }
  return { server, send }
}

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape are read
type Answer = any
