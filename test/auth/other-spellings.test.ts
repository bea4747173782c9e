/** On MySQL and MariaDB most collations take `MLFLOW.Prompt` for `mlflow.prompt`: what names decide must not change by that. */
import { describe, expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { call, testContext } from '../server/support.ts'
import { emptyMysqlDatabase, hasServer } from '../support/mysql.ts'
import { grant, lockedApp, type User } from './support.ts'
import { makeWorld } from './world.ts'

const IS_PROMPT = 'mlflow.prompt.is_prompt'
const LOCATION = 'mlflow.artifactLocation'
const SPELLINGS = (name: string) => [
  name.toUpperCase(),
  name.replace('o', 'ö'),
  name.replace('l', '\u0142'),
  `${name} `,
]

describe.runIf(hasServer('MariaDB'))('where other spellings are the same', { timeout: 60_000 }, () => {
  it('nobody makes a prompt of a model, nor a model of a prompt, who only edits it', async () => {
    const { app, open, users, world } = await worldOnMariaDb()
    users.user = {
      grants: [
        grant('registered_model', world.model, 'EDIT'),
        grant('registered_model', world.prompt, 'MANAGE'),
        grant('prompt', world.prompt, 'EDIT'),
        grant('prompt', world.model, 'MANAGE'),
      ],
    }
    for (const key of SPELLINGS(IS_PROMPT)) {
      await asUser(app, 'POST', 'set-tag', { name: world.model, key, value: 'true' })
      await asUser(app, 'POST', 'set-tag', { name: world.prompt, key, value: 'false' })
      await asUser(app, 'DELETE', 'delete-tag', { name: world.prompt, key })
      for (const name of [world.model, world.prompt]) {
        expect((await asUser(app, 'DELETE', 'delete', { name })).statusCode, key).toBe(403)
      }
    }
    const { body } = await call(open, 'GET', 'registered-models/get', { name: world.prompt })
    expect(body.registered_model.tags).toContainEqual({ key: IS_PROMPT, value: 'true' })
  })

  it('nobody says where the artifacts of a trace are', async () => {
    const { app, open, users, world } = await worldOnMariaDb()
    users.user = { grants: [grant('experiment', world.experiment, 'EDIT')] }
    const url = `/api/2.0/mlflow/traces/${world.trace}/tags`
    for (const key of SPELLINGS(LOCATION)) {
      const body = JSON.stringify({ key, value: 'mlflow-artifacts:/0' })
      await app.inject({ method: 'PATCH', url, headers: JSON_OF_USER, payload: body })
      await app.inject({ method: 'DELETE', url, headers: JSON_OF_USER, payload: JSON.stringify({ key }) })
      const { body: found } = await call(open, 'GET', `/api/3.0/mlflow/traces/${world.trace}`)
      expect(found.trace.trace_info.tags[LOCATION], key).toMatch(`/traces/${world.trace}/artifacts`)
    }
  })
})

const JSON_OF_USER = { 'x-test-user': 'user', 'content-type': 'application/json' }

async function worldOnMariaDb() {
  const context = await testContext({ backendStoreUri: await emptyMysqlDatabase('MariaDB') })
  const open = buildApp(context)
  const users: Record<string, User> = {}
  return { app: lockedApp(context, users), open, users, world: await makeWorld(open) }
}

function asUser(app: ReturnType<typeof lockedApp>, method: 'POST' | 'DELETE', name: string, json: object) {
  const url = `/api/2.0/mlflow/registered-models/${name}`
  return app.inject({ method, url, headers: JSON_OF_USER, payload: JSON.stringify(json) })
}
