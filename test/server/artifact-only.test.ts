import { expect, it } from 'vitest'
import { RPCS } from '../../server/api/index.ts'
import { ROUTES } from '../../server/app.ts'
import { parseConfig } from '../../server/config.ts'
import { urlsOf } from '../../server/rpc.ts'
import { testApp } from './support.ts'

const PROXY = '/api/2.0/mlflow-artifacts/artifacts'

const artifactsApp = () =>
  testApp({ artifactsOnly: true, backendStoreUri: parseConfig({}, ['--artifacts-only']).backendStoreUri })

it('an artifacts server serves the proxy, and what its clients ask of it first', async () => {
  const app = await artifactsApp()
  const send = (method: 'GET' | 'PUT' | 'DELETE', url: string, payload?: string) =>
    app.inject({ method, url, ...(payload && { payload }) })
  expect((await send('PUT', `${PROXY}/1/run/artifacts/a.txt`, 'hi')).statusCode).toBe(200)
  expect((await send('GET', `${PROXY}/1/run/artifacts/a.txt`)).body).toBe('hi')
  expect((await send('GET', `${PROXY}?path=1/run/artifacts`)).json()).toEqual({
    files: [{ path: 'a.txt', is_dir: false, file_size: 2 }],
  })
  expect((await send('DELETE', `${PROXY}/1/run`)).json()).toEqual({})
  for (const path of ['/health', '/version', '/readyz', '/api/3.0/mlflow/server-info']) {
    expect([path, (await send('GET', path)).statusCode]).toEqual([path, 200])
  }
})

it('an artifacts server answers 501 to all else', async () => {
  const app = await artifactsApp()
  const others = [
    // Those of a login are nowhere while it is off.
    ...RPCS.filter((one) => !one.needsLogin).flatMap((one) =>
      urlsOf(one).map((url) => ({ method: one.method, url })),
    ),
    ...ROUTES.filter((one) => !one.needsLogin).map(({ method, path: url }) => ({ method, url })),
  ].filter(({ url }) => !/\/mlflow-artifacts\/|\/server-info$/.test(url))
  const answers = await Promise.all(
    others.map(async ({ method, url }) => {
      const json = { headers: { 'content-type': 'application/json' }, payload: '{}' }
      const { statusCode, body } = await app.inject({ method, url, ...(method !== 'GET' && json) })
      return { method, url, statusCode, says: body.includes('--artifacts-only') }
    }),
  )
  expect(answers.length).toBeGreaterThan(200)
  expect(answers.filter(({ statusCode, says }) => statusCode !== 501 || !says)).toEqual([])
})
