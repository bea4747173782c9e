import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import wheel from '../../bin/mlflow-wheel.json' with { type: 'json' }
import { MLFLOW_VERSION } from '../../server/version.ts'
import { temporaryFolder, testApp } from './support.ts'

const INDEX = '<!doctype html><script src="static-files/static/js/main.1.js"></script>'
const SCRIPT = 'console.log("a")\n'.repeat(200)

/** A small UI in a folder beside a file that must not be served. */
async function appWithUi(settings: object = {}) {
  const folder = await temporaryFolder()
  const uiDir = join(folder, 'ui')
  await mkdir(join(uiDir, 'static/js'), { recursive: true })
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(uiDir, 'index.html'), INDEX)
  await mkdir(join(uiDir, 'lib/notebook-trace-renderer'), { recursive: true })
  await writeFile(join(uiDir, 'lib/notebook-trace-renderer/index.html'), INDEX)
  await writeFile(join(uiDir, 'index.html.gz'), gzipSync(INDEX))
  await writeFile(join(uiDir, 'favicon.ico'), 'icon')
  await writeFile(join(uiDir, '.hidden'), 'secret')
  await writeFile(join(uiDir, 'static/js/main.1.js'), SCRIPT)
  await writeFile(join(uiDir, 'static/js/main.1.js.gz'), gzipSync(SCRIPT))
  return testApp({ uiDir, ...settings })
}

const script = '/static-files/static/js/main.1.js'

describe("MLflow's web UI", () => {
  it('is fetched in the version whose protocol the server keeps', () => {
    expect(wheel.version).toBe(MLFLOW_VERSION)
  })

  it('has a page that is asked for anew each time, under a policy of its own', async () => {
    const app = await appWithUi()
    const page = await app.inject('/')
    expect(page.statusCode).toBe(200)
    expect(page.body).toBe(INDEX)
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("object-src 'none'"),
    })
    const again = await app.inject({ url: '/', headers: { 'if-none-match': String(page.headers.etag) } })
    expect(again.statusCode).toBe(304)
  })

  it('has files that are kept for four weeks, and not sent again while they are the same', async () => {
    const app = await appWithUi()
    const file = await app.inject(script)
    expect(file.body).toBe(SCRIPT)
    expect(file.headers['cache-control']).toBe('public, max-age=2419200')
    expect(file.headers['content-type']).toMatch(/^(application|text)\/javascript/)
    const again = await app.inject({ url: script, headers: { 'if-none-match': String(file.headers.etag) } })
    expect(again.statusCode).toBe(304)
    expect(again.body).toBe('')
  })

  it('sends the compressed file to who takes it', async () => {
    const app = await appWithUi()
    const file = await app.inject({ url: script, headers: { 'accept-encoding': 'gzip, deflate' } })
    expect(file.headers['content-encoding']).toBe('gzip')
    expect(file.headers['content-type']).toMatch(/javascript/)
    expect(String(file.headers.vary).toLowerCase()).toBe('origin, accept-encoding')
    expect(gunzipSync(file.rawPayload).toString()).toBe(SCRIPT)
  })

  it.each(['/', script])('answers HEAD of %s without a body', async (url) => {
    const app = await appWithUi()
    const head = await app.inject({ method: 'HEAD', url })
    expect(head.statusCode).toBe(200)
    expect(Number(head.headers['content-length'])).toBeGreaterThan(0)
    expect(head.body).toBe('')
  })

  it.each([
    '/static-files/../secret.txt',
    '/static-files/../../secret.txt',
    '/static-files/%2e%2e/secret.txt',
    '/static-files/..%2fsecret.txt',
    '/static-files/%2e%2e%2fsecret.txt',
    '/static-files/..%252fsecret.txt',
    '/static-files/static/../../secret.txt',
    '/static-files/..%5csecret.txt',
    '/static-files//etc/passwd',
    '/static-files/%00',
    '/static-files/.hidden',
    '/static-files/static/',
    '/static-files/',
    '/static-files/nosuch.js',
    '/nosuch',
    '/experiments/1',
  ])('answers 404 at %s', async (url) => {
    const app = await appWithUi()
    const answer = await app.inject(url)
    expect(answer.statusCode).toBe(404)
    expect(answer.body).not.toContain('secret\n')
    expect(answer.json().error_code).toBe('ENDPOINT_NOT_FOUND')
  })

  it('is served below the static prefix, where its relative URLs lead', async () => {
    const app = await appWithUi({ staticPrefix: '/mlflow' })
    expect((await app.inject('/mlflow/')).body).toBe(INDEX)
    expect((await app.inject(`/mlflow${script}`)).body).toBe(SCRIPT)
    expect((await app.inject('/')).statusCode).toBe(404)
    const bare = await app.inject('/mlflow')
    expect([bare.statusCode, bare.headers.location]).toEqual([308, '/mlflow/'])
  })

  it('may be shown in a frame by whom the settings say', async () => {
    const policy = async (settings: object) =>
      String((await (await appWithUi(settings)).inject('/')).headers['content-security-policy'])
    expect(await policy({})).toContain("frame-ancestors 'self'")
    expect(await policy({ xFrameOptions: 'DENY' })).toContain("frame-ancestors 'none'")
    expect(await policy({ xFrameOptions: 'NONE' })).not.toContain('frame-ancestors')
  })

  it('has assets that a worker may be made of, which would be under their policy', async () => {
    const app = await appWithUi()
    expect((await app.inject(script)).headers).not.toHaveProperty('content-security-policy')
    expect((await app.inject('/')).headers['cross-origin-opener-policy']).toBe('same-origin')
  })

  it('has a page that notebooks of any site may frame, and other pages that run nothing', async () => {
    const app = await appWithUi()
    const renderer = await app.inject('/static-files/lib/notebook-trace-renderer/index.html')
    expect(renderer.body).toBe(INDEX)
    expect(renderer.headers['content-security-policy']).toContain("default-src 'self'")
    expect(renderer.headers['content-security-policy']).not.toContain('frame-ancestors')
    expect(renderer.headers).not.toHaveProperty('x-frame-options')
    const zipped = await app.inject({ url: '/', headers: { 'accept-encoding': 'gzip' } })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(zipped.headers['content-security-policy']).toContain("frame-ancestors 'self'")
    const other = await app.inject('/static-files/index.html')
    expect(other.headers['content-security-policy']).toContain("default-src 'none'")
  })

  it('runs scripts of its own origin only, when HTML artifacts may run none', async () => {
    const app = await appWithUi({ htmlArtifactScripts: false })
    const policy = String((await app.inject('/')).headers['content-security-policy'])
    expect(policy).toContain("script-src 'self' 'unsafe-eval';")
  })
})

describe('a server without the UI', () => {
  it('says at / what is missing and the command that gets it, and serves the API', async () => {
    const uiDir = join(await temporaryFolder(), '<b>nosuch</b>')
    const app = await testApp({ uiDir })
    const page = await app.inject('/')
    expect(page.statusCode).toBe(404)
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(page.body).toContain('web UI is not installed')
    expect(page.body).toContain('trackyard ui ')
    expect(page.body).not.toContain('<b>')
    expect((await app.inject('/health')).statusCode).toBe(200)
    expect((await app.inject('/static-files/favicon.ico')).statusCode).toBe(404)
  })

  it('serves the UI once it is there', async () => {
    const uiDir = await temporaryFolder()
    const app = await testApp({ uiDir })
    expect((await app.inject('/')).statusCode).toBe(404)
    await writeFile(join(uiDir, 'index.html'), INDEX)
    expect((await app.inject('/')).body).toBe(INDEX)
  })
})
