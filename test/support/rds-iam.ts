/**
 * Stands in for what checks IAM tokens inside RDS. PostgreSQL there asks PAM; here it asks the same question, whether
 * a password is right for a user, over LDAP.
 */
import { createHash, createHmac } from 'node:crypto'
import { type AddressInfo, createServer } from 'node:net'
import { onTestFinished } from 'vitest'

export interface TokenJudge {
  readonly port: number
  /** Every token that PostgreSQL was given, with the judgement. */
  readonly seen: { token: string; valid: boolean }[]
}

interface Key {
  readonly id: string
  readonly secret: string
}

/** Takes tokens that `key` signed for `user` at `host`. */
export async function startTokenJudge(key: Key, user: string, host: () => string): Promise<TokenJudge> {
  const seen: TokenJudge['seen'] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (message: Buffer) => {
      const bind = bindRequest(message)
      if (!bind) return
      const valid = bind.name === `cn=${user}` && isValid(bind.password, key, user, host())
      seen.push({ token: bind.password, valid })
      const code = valid ? 0 : 49
      socket.write(Buffer.from([0x30, 12, 2, 1, bind.id, 0x61, 7, 10, 1, code, 4, 0, 4, 0]))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, seen }
}

/** Signature Version 4 of a presigned `rds-db` request, worked out anew. */
function isValid(token: string, key: Key, user: string, host: string): boolean {
  const url = new URL(`https://${token}`)
  const given = Object.fromEntries(url.searchParams)
  const { 'X-Amz-Date': at = '', 'X-Amz-Signature': signature, 'X-Amz-Expires': seconds } = given
  const scope = `${at.slice(0, 8)}/eu-central-1/rds-db/aws4_request`
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .sort()
    .join('&')
  const request = ['GET', '/', query, `host:${host}`, '', 'host', sha256('')].join('\n')
  const mac = (secret: string | Buffer, text: string) => createHmac('sha256', secret).update(text).digest()
  const signing = scope.split('/').reduce<string | Buffer>(mac, `AWS4${key.secret}`)
  const right = mac(signing, ['AWS4-HMAC-SHA256', at, scope, sha256(request)].join('\n')).toString('hex')
  return (
    signature === right &&
    url.host === host &&
    given.Action === 'connect' &&
    given.DBUser === user &&
    given['X-Amz-Credential'] === `${key.id}/${scope}` &&
    seconds === '900'
  )
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Of an LDAP message the name and the password of a simple bind; undefined for any other. */
function bindRequest(message: Buffer): { id: number; name: string; password: string } | undefined {
  const [id, bind] = elements(elements(message)[0]?.value ?? message)
  if (bind?.tag !== 0x60) return undefined
  const [, name, password] = elements(bind.value)
  return { id: id?.value[0] ?? 0, name: String(name?.value), password: String(password?.value) }
}

function elements(bytes: Buffer): { tag: number; value: Buffer }[] {
  const found = []
  for (let at = 0; at < bytes.length; ) {
    const [tag = 0, first = 0] = bytes.subarray(at, at + 2)
    const more = first > 0x7f ? first & 0x7f : 0
    const length = more ? bytes.readUIntBE(at + 2, more) : first
    const start = at + 2 + more
    found.push({ tag, value: bytes.subarray(start, start + length) })
    at = start + length
  }
  return found
}
