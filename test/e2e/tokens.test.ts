import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openLoginDatabase } from '../../server/db/login.ts'
import { DEFAULT_OPTIONS } from '../../server/db/postgres-pool.ts'
import { listAudit } from '../../server/store/audit.ts'
import { manageTokens } from '../../server/tokens.ts'
import { temporaryFolder } from '../server/support.ts'
import { REPOSITORY, run, startTrackyard } from '../support/mlflow.ts'

const TRACKYARD = join(REPOSITORY, 'bin/trackyard')

async function lockedFolder(): Promise<{ folder: string; environment: Record<string, string> }> {
  const folder = await temporaryFolder()
  return {
    folder,
    environment: {
      MLFLOW_BACKEND_STORE_URI: `sqlite:///${folder}/mlflow.db`,
      MLFLOW_ARTIFACTS_DESTINATION: `${folder}/artifacts`,
      MLFLOW_APP_NAME: 'basic-auth',
      TRACKYARD_AUTH_DATABASE_URI: `sqlite:///${folder}/auth.db`,
      MLFLOW_AUTH_ADMIN_PASSWORD: 'a long enough password',
      TRACKYARD_LOG_LEVEL: 'debug',
    },
  }
}

describe('trackyard tokens', () => {
  it('makes the first token of a deployment, lists it and revokes it under a running server', async () => {
    const { folder, environment } = await lockedFolder()
    const server = await startTrackyard({ folder, environment })
    onTestFinished(() => server.stop())
    const tokens = (...args: string[]) => run(TRACKYARD, ['tokens', ...args], environment)
    const token = (
      await tokens('create', 'ci', '--user', 'admin', '--scope', 'write', '--expires', '90d')
    ).trim()
    expect(token).toMatch(/^trackyard_[0-9a-f]{72}$/)

    const status = async (query = '') => {
      const url = `${server.url}/api/2.0/mlflow/experiments/get?experiment_id=0${query}`
      return (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status
    }
    expect([await status(), await status(`&access_token=${token}`)]).toEqual([200, 401])

    const [listed] = JSON.parse(await tokens('list', '--json'))
    expect(listed).toMatchObject({
      name: 'ci',
      username: 'admin',
      scope: 'write',
      last_used_time: expect.any(Number),
    })
    expect(await tokens('revoke', listed.token_id)).toContain(
      `revoked: ${listed.token_id}  ci of admin: write; expires `,
    )
    await expect.poll(() => status()).toBe(401)

    expect(server.output()).toContain('experiments/get')
    expect(server.output()).not.toContain(token)
    for (const name of (await readdir(folder)).filter((file) => file.includes('.db'))) {
      expect((await readFile(join(folder, name))).includes(token.slice(10, 74)), name).toBe(false)
    }
  }, 60_000)

  it('prints what the endpoint answers with --json, and is in the audit log', async () => {
    const { environment, folder } = await lockedFolder()
    const options = ['--user', 'admin', '--experiment', '1', '--experiment', '2', '--model', 'm', '--json']
    const made = JSON.parse(await run(TRACKYARD, ['tokens', 'create', 'ci', ...options], environment))
    expect(made).toMatchObject({
      token: expect.stringMatching(/^trackyard_/),
      token_info: { scope: 'read', experiment_ids: ['1', '2'], model_names: ['m'] },
    })
    await run(TRACKYARD, ['tokens', 'revoke', made.token_info.token_id], environment)
    const users = await openLoginDatabase(`sqlite:///${folder}/auth.db`, DEFAULT_OPTIONS, 'the test')
    onTestFinished(() => users.destroy())
    const entry = {
      caller: 'cli',
      via: 'cli',
      object: 'username=admin',
      detail: expect.stringContaining(`token_id=${made.token_info.token_id}`),
    }
    expect(await listAudit(users, {}, 10)).toMatchObject([
      { ...entry, action: 'trackyard tokens revoke' },
      { ...entry, action: 'trackyard tokens create' },
    ])
  })

  it('says in one line what is wrong', async () => {
    const { environment } = await lockedFolder()
    for (const [args, message] of [
      [[], 'tokens takes create, list or revoke'],
      [['create', '--user', 'admin'], 'create takes the name of the token'],
      [['create', 'ci'], '--user: whose token it is'],
      [['create', 'ci', '--user', 'nobody'], 'User with username=nobody not found'],
      [['create', 'ci', '--user', 'admin', '--scope', 'all'], "'all' is no scope"],
      [['create', 'ci', '--user', 'admin', '--expires', '400d'], '366 days at most'],
      [['list', '--all'], "Unknown option '--all'"],
      [['revoke', 'x'], 'There is no token with id x'],
    ] as const) {
      await expect(manageTokens(environment, [...args])).rejects.toThrow(message)
    }
    const open = manageTokens({ ...environment, MLFLOW_APP_NAME: '' }, ['list'])
    await expect(open).rejects.toThrow('no login is on')
  })
})
