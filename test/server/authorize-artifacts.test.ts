/** Whose a path in the proxied store is. */
import { describe, expect, it } from 'vitest'
import { accessOf } from '../../server/access/access.ts'
import { ANYBODY } from '../../server/access/caller.ts'
import type { Grant, Level } from '../../server/access/grants.ts'
import { buildApp } from '../../server/app.ts'
import type { Config } from '../../server/config.ts'
import { call, testContext } from './support.ts'

const RUN = 'a'.repeat(32)

interface Settings {
  readonly grants?: readonly Grant[]
  /** Of experiments 1, 2 and so on; where there is none it is the server's root. */
  readonly places?: readonly (string | undefined)[]
  readonly config?: Partial<Config>
}

/** What a server answers to a caller with these grants. */
async function start({ grants = OWN, places = PLACES, config = {} }: Settings = {}) {
  const context = await testContext(config)
  const open = buildApp(context)
  for (const [index, artifact_location] of places.entries()) {
    await call(open, 'POST', 'experiments/create', { name: String(index), artifact_location })
  }
  const app = buildApp(context)
  const access = accessOf({ isAdmin: false, grants }, 'NO_PERMISSIONS')
  app.addHook('onRequest', async (request) => {
    request.caller = { ...ANYBODY, access }
  })
  return async (method: 'GET' | 'PUT' | 'DELETE', path: string) => {
    const url = `/api/2.0/mlflow-artifacts/artifacts${path}`
    const { statusCode } = await app.inject({ method, url, ...(method === 'PUT' && { payload: 'x' }) })
    return statusCode === 403 ? 'denied' : 'allowed'
  }
}

function granted(resourceType: string, pattern: string, level: Level): Grant {
  return { resourceType, pattern, level }
}

const PLACES = [undefined, undefined, 'mlflow-artifacts:/shared/team']
const OWN = [granted('experiment', '1', 'MANAGE'), granted('experiment', '3', 'EDIT')]

describe('a path in the proxied store', () => {
  it.each([
    [`1/${RUN}/artifacts/x.txt`, 'allowed'],
    [`01/${RUN}/artifacts/x.txt`, 'allowed'],
    [`workspaces/default/1/${RUN}/artifacts/x.txt`, 'allowed'],
    [`%2531/${RUN}/artifacts/x.txt`, 'allowed'],
    ['shared/team/x.txt', 'allowed'],
    [`2/${RUN}/artifacts/x.txt`, 'denied'],
    [`./2/${RUN}/artifacts/x.txt`, 'denied'],
    [`%2532/${RUN}/artifacts/x.txt`, 'denied'],
    [`workspaces/default/2/${RUN}/artifacts/x.txt`, 'denied'],
    ['shared/other/x.txt', 'denied'],
    ['shared/team-b/x.txt', 'denied'],
    ['x.txt', 'denied'],
    ['1x/x.txt', 'denied'],
  ])('%s is %s', async (path, outcome) => {
    const ask = await start()
    expect(await ask('GET', `/${path}`)).toBe(outcome)
    expect(await ask('PUT', `/${path}`)).toBe(outcome)
  })

  it.each([
    ['', 'denied'],
    ['?path=', 'denied'],
    ['?path=1', 'allowed'],
    [`?path=1/${RUN}/artifacts`, 'allowed'],
    ['?path=2', 'denied'],
    ['?path=shared', 'denied'],
  ])('is listed: %s is %s', async (query, outcome) => {
    expect(await (await start())('GET', query)).toBe(outcome)
  })

  it.each([
    ['run', `1/${RUN}/artifacts/x.txt`],
    ['run', `1/${RUN}`],
    ['run', '1/other/artifacts/x.txt'],
    ['logged_model', '1/models/m-1/artifacts/x.txt'],
    ['trace', '1/traces/tr-1/artifacts/traces.json'],
    ['trace', '1'],
  ])('is hidden from who is denied every %s: %s', async (part, path) => {
    const ask = await start({ grants: [...OWN, granted(part, '*', 'DENY')] })
    expect(await ask('GET', `/${path}`)).toBe('denied')
    expect(await ask('GET', '/1/notes.txt')).toBe('allowed')
  })

  it('is deleted with all that is in it, and so by who may delete that', async () => {
    const ask = await start({ grants: [...OWN, granted('run', '*', 'EDIT')] })
    expect(await ask('PUT', `/1/${RUN}/artifacts/x.txt`)).toBe('allowed')
    for (const path of [`/1/${RUN}/artifacts/x.txt`, '/1/notes', '/1']) {
      expect(await ask('DELETE', path)).toBe('denied')
    }
    expect(await ask('DELETE', '/1/models/m-1')).toBe('allowed')
  })

  it('is of the experiment below the root that experiments are in', async () => {
    const ask = await start({ config: { defaultArtifactRoot: 'mlflow-artifacts:/base' } })
    expect(await ask('GET', `/base/1/${RUN}/artifacts/x.txt`)).toBe('allowed')
    expect(await ask('GET', `/base/2/${RUN}/artifacts/x.txt`)).toBe('denied')
    expect(await ask('GET', '/base/x.txt')).toBe('denied')
  })

  it('is of every experiment whose place holds it', async () => {
    const places = ['mlflow-artifacts:/shared', 'mlflow-artifacts:/shared/inner/']
    const inner = granted('experiment', '2', 'READ')
    const path = '/shared/inner/x.txt'
    expect(await (await start({ places, grants: [inner] }))('GET', path)).toBe('denied')
    const both = [inner, granted('experiment', '1', 'READ')]
    expect(await (await start({ places, grants: both }))('GET', path)).toBe('allowed')
  })
})
