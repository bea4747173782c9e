import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { isAllowedHost, isAllowedOrigin } from '../../server/hosts.ts'
import { testApp } from './support.ts'

const SEARCH = { method: 'POST', url: '/api/2.0/mlflow/experiments/search' } as const
const JSON_BODY = { payload: '{"max_results":1}' }

describe('the Host header', () => {
  it.each([
    'localhost',
    'localhost:5000',
    'LOCALHOST:5000',
    '127.0.0.1:5000',
    '[::1]:5000',
    '0.0.0.0',
    '10.1.2.3',
    '192.168.0.7:5000',
    '172.16.0.1',
    '172.31.255.255',
    '[fd00::1]:5000',
    '127.0.0.1.',
    'localhost.:5000',
    '127.9.9.9',
    '[0:0:0:0:0:0:0:1]:5000',
    '[FD12:3456::1]',
    '[::ffff:127.0.0.1]:5000',
    '[::FFFF:10.0.0.1]',
    '[::ffff:c0a8:1]',
  ])('may be %s', (host) => {
    expect(isAllowedHost(host, [])).toBe(true)
  })

  it.each([
    '',
    'evil.example',
    'localhost.evil.example',
    '10.evil.example',
    '192.168.0.1.evil.example',
    '172.15.0.1',
    '172.32.0.1',
    '8.8.8.8',
    '[2001:db8::1]',
    'localhost@evil.example',
    'user:secret@localhost',
    'localhost:evil.example',
    'localhost:99999',
    'localhost/',
    'localhost#.evil.example',
    'localhost?.evil.example',
    'localhost\\.evil.example',
    'localhost evil.example',
    'localhost%00.evil.example',
    'fd00:evil.example',
    'fc00::1',
    '192.168.evil.example',
    '172.16.evil.example',
    '[::ffff:8.8.8.8]',
    '[::ffff:808:808]',
    '[::]',
    '[fe80::1]',
    '[fd00::1',
    '0.0.0.0.evil.example',
    // The same bytes are 127.0.0.1 to some readers and another address, or a name, to others.
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '10.1',
  ])('may not be "%s"', (host) => {
    expect(isAllowedHost(host, [])).toBe(false)
  })

  it('is what the operator allows, where that is set', () => {
    expect(isAllowedHost('mlflow.team.example:443', ['mlflow.*.example'])).toBe(true)
    expect(isAllowedHost('localhost', ['mlflow.*.example'])).toBe(false)
    expect(isAllowedHost('anything', ['*'])).toBe(true)
    expect(isAllowedHost('mlflowXteam.example', ['mlflow.team.example'])).toBe(false)
  })

  it.each([
    ['MLFLOW.team.example.', 'mlflow.team.example'],
    ['mlflow.team.example:8080', 'mlflow.team.example:*'],
    ['mlflow.team.example:8080', 'mlflow.team.example:8080'],
    ['a.b.team.example', '*.team.example'],
    ['10.1.2.3:5000', '10.*'],
    ['[2001:db8:0::1]:5000', '[2001:db8::1]'],
    ['my_service', 'my_service'],
  ])('may be %s where %s is allowed', (host, pattern) => {
    expect(isAllowedHost(host, [pattern])).toBe(true)
  })

  it.each([
    ['mlflow.team.example:8081', 'mlflow.team.example:8080'],
    ['team.example', '*.team.example'],
    ['10.evil.example', '10.*'],
    ['10.0.0.1.evil.example', '10.0.*'],
    ['evil.example/.team.example', '*.team.example'],
    ['evil.example@x.team.example', '*.team.example'],
    ['evil.example:80.team.example', '*.team.example'],
    ['aba', 'ab*ba'],
    ['', 'mlflow.team.example'],
  ])('may not be "%s" where %s is allowed', (host, pattern) => {
    expect(isAllowedHost(host, [pattern])).toBe(false)
  })

  it('is checked on every route but health and version', async () => {
    const app = await testApp()
    const headers = { host: 'evil.example' }
    const refused = await app.inject({
      ...SEARCH,
      ...JSON_BODY,
      headers: { ...headers, 'content-type': 'application/json' },
    })
    expect([refused.statusCode, refused.payload]).toEqual([
      403,
      'Invalid Host header - possible DNS rebinding attack detected',
    ])
    expect((await app.inject({ url: '/health', headers })).statusCode).toBe(200)
    expect((await app.inject({ url: '/version', headers })).payload).toBe('3.17.2')
    expect((await app.inject({ url: '/', headers })).statusCode).toBe(403)
  })
})

describe('the Origin header', () => {
  it.each(['http://localhost:3000', 'http://127.0.0.1', 'https://[::1]:8443', 'http://server.example'])(
    'may be %s',
    (origin) => {
      expect(isAllowedOrigin(origin, 'server.example', [])).toBe(true)
    },
  )

  it.each([
    'http://evil.example',
    'null',
    'http://localhost.evil',
    'http://localhost@evil',
    'file://',
    'http://server.example:81',
    'http://localhost:3000.evil.example',
    'http://localhost/path',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://2130706433',
    'http://[::ffff:127.0.0.1]@evil.example',
    'localhost',
    '://localhost',
    'http://',
    'http:///localhost',
  ])('may not be %s', (origin) => {
    expect(isAllowedOrigin(origin, 'server.example', [])).toBe(false)
  })

  it.each([
    ['https://server.example', 'server.example:443'],
    ['http://server.example', 'SERVER.example'],
    ['http://server.example:8080', 'server.example:8080'],
  ])('may be %s of the server itself at %s', (origin, host) => {
    expect(isAllowedOrigin(origin, host, [])).toBe(true)
  })

  it.each([
    ['https://a.team.example', 'https://*.team.example', true],
    ['https://a.team.example:8443', 'https://a.team.example:*', true],
    ['HTTPS://A.team.example', 'https://a.team.example', true],
    ['http://10.1.2.3:8888', 'http://10.*', true],
    ['null', 'null', true],
    ['http://a.team.example', 'https://*.team.example', false],
    ['https://evil.example/.team.example', 'https://*.team.example', false],
    ['https://evil.example#.team.example', 'https://*.team.example', false],
    ['https://a@b.team.example', 'https://*.team.example', false],
    ['https://a.team.example:8443', 'https://a.team.example', false],
    ['http://10.evil.example', 'http://10.*', false],
  ])('%s where %s is allowed: %s', (origin, pattern, expected) => {
    expect(isAllowedOrigin(origin, 'server.example', [pattern])).toBe(expected)
  })

  it.each(['http://evil.example', 'null'])('%s may read nothing across and write nothing', async (origin) => {
    const app = await testApp()
    const headers = { origin, 'content-type': 'application/json' }
    const write = await app.inject({ ...SEARCH, ...JSON_BODY, headers })
    expect([write.statusCode, write.payload]).toEqual([403, 'Cross-origin request blocked'])
    const read = await app.inject({ url: '/api/2.0/mlflow/experiments/get?experiment_id=0', headers })
    expect(read.headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('is answered in a preflight when it is allowed', async () => {
    const app = await testApp({ corsAllowedOrigins: ['https://notebooks.example'] })
    const preflight = await app.inject({
      method: 'OPTIONS',
      url: SEARCH.url,
      headers: { origin: 'https://notebooks.example', 'access-control-request-headers': 'content-type' },
    })
    expect(preflight.statusCode).toBe(204)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': 'https://notebooks.example',
      'access-control-allow-headers': 'content-type',
    })
  })
})

describe('a write', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'is refused as %s, which a form of another site can send',
    async (type) => {
      const app = await testApp()
      const response = await app.inject({ ...SEARCH, ...JSON_BODY, headers: { 'content-type': type } })
      expect(response.statusCode).toBe(400)
      expect(response.json().error_code).toBe('INVALID_PARAMETER_VALUE')
    },
  )

  it('is refused when it is larger than the limit, with a status that is not tried again', async () => {
    const app = await testApp({ maxRequestBytes: 1_000 })
    const response = await app.inject({
      ...SEARCH,
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ filter: 'x'.repeat(2_000) }),
    })
    expect([response.statusCode, response.json().error_code]).toEqual([413, 'REQUEST_TOO_LARGE'])
  })

  it('is answered, where it is too large, to a client that reads only once it has sent all of it', async () => {
    const app = await testApp()
    const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
    const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8')
    const head = `POST ${SEARCH.url} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close`
    socket.write(`${head}\r\nContent-Length: 60000000\r\n\r\n`)
    const body = Buffer.alloc(60_000_000, 'a')
    await new Promise<void>((resolve, reject) => {
      socket.write(body, (error) => (error ? reject(error) : resolve()))
    })
    const answer = (await Array.fromAsync(socket)).join('')
    expect(answer).toMatch(/^HTTP\/1.1 413 .*"error_code":"REQUEST_TOO_LARGE"/s)
  })

  it.each(['{', '[1]', '"x"', 'NaN', '{"name":NaN}', '', '{"name":"a","name"', '\u0000'])(
    'of %j is a 4xx with an error body',
    async (payload) => {
      const app = await testApp()
      const response = await app.inject({
        method: 'POST',
        url: '/api/2.0/mlflow/experiments/create',
        headers: { 'content-type': 'application/json' },
        payload,
      })
      expect(response.statusCode).toBe(400)
      expect(Object.keys(response.json())).toEqual(['error_code', 'message'])
    },
  )
})

describe('every answer', () => {
  it.each(['/api/2.0/mlflow/experiments/get?experiment_id=0', '/version', '/health', '/nosuch', '/a%0'])(
    'says what a browser may make of it: %s',
    async (url) => {
      const app = await testApp()
      const { headers } = await app.inject(url)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
        'cross-origin-resource-policy': 'same-site',
        'referrer-policy': 'no-referrer',
        vary: 'Origin',
      })
      expect(headers).not.toHaveProperty('strict-transport-security')
    },
  )
})

it('M16: tells browsers to come by TLS alone where they do', async () => {
  const own = await testApp({ publicUrl: 'https://mlflow.example.com' })
  const behind = await testApp({ trustedProxies: ['10.0.0.0/8'] })
  const headers = { 'x-forwarded-proto': 'https' }
  const from = async (remoteAddress: string) =>
    (await behind.inject({ url: '/version', headers, remoteAddress })).headers
  expect((await own.inject('/version')).headers).toHaveProperty(
    'strict-transport-security',
    'max-age=31536000',
  )
  expect(await from('10.0.0.1')).toHaveProperty('strict-transport-security')
  expect(await from('192.0.2.1')).not.toHaveProperty('strict-transport-security')
})

it('an unknown path and a wrong method have an error body too', async () => {
  const app = await testApp()
  const unknown = await app.inject('/api/2.0/mlflow/nope')
  expect([unknown.statusCode, unknown.json().error_code]).toEqual([404, 'ENDPOINT_NOT_FOUND'])
  const wrong = await app.inject('/api/2.0/mlflow/runs/create')
  expect([wrong.statusCode, wrong.json().error_code]).toEqual([405, 'METHOD_NOT_ALLOWED'])
})

describe('what is no request', () => {
  it.each([
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n', 405],
    ['headers without end', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 431],
    ['no HTTP', 'hello\r\n\r\n', 400],
  ])('%s is answered with an error body', async (_what, sent, status) => {
    const app = await testApp()
    const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
    const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8')
    socket.write(sent)
    const answer = (await Array.fromAsync(socket)).join('')
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toHaveProperty('error_code')
  })
})
