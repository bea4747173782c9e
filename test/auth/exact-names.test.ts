/** MySQL and MariaDB take `Fraud` for `fraud` unless they are told otherwise: for grants, users and roles they are. */
import { describe, expect, it } from 'vitest'
import { addGrant, makeOwn, revokeGrant } from '../../server/operations/own-grants.ts'
import { addRole, addRolePermission } from '../../server/operations/roles.ts'
import { signedIn } from '../../server/operations/signed-in.ts'
import { insertRegisteredModel } from '../../server/store/registered-models.ts'
import { loginContext } from '../server/login-support.ts'
import { databaseServers } from '../support/databases.ts'

const SPELLINGS = ['fraud', 'Fraud', 'fráud', 'fraud ']
const TYPE = 'registered_model'
const TAKEN = { code: 'RESOURCE_ALREADY_EXISTS' }

const servers = databaseServers().filter(({ name }) => name !== 'PostgreSQL')

describe.each(servers)(
  'names that differ in their spelling only, on $name',
  { timeout: 60_000 },
  (server) => {
    it('are names of their own', async () => {
      const { context, login } = await loginContext({ backendStoreUri: await server.empty(), login: ['jwt'] })
      for (const username of SPELLINGS) {
        expect((await signedIn(login, { username, groups: [] })).username).toBe(username)
        await addRole(login, { name: username, workspace: 'default', description: null })
      }
      const { id: role_id } = await addRole(login, { name: 'r', workspace: 'default', description: null })
      const ofRole = (resource_pattern: string) =>
        addRolePermission(login, { role_id, resource_type: TYPE, resource_pattern, permission: 'READ' })
      const ofUser = (pattern: string) => addGrant(login, 'fraud', TYPE, pattern, 'READ')
      for (const add of [ofUser, ofRole]) {
        for (const name of SPELLINGS) await add(name)
        for (const name of SPELLINGS) await expect(add(name)).rejects.toMatchObject(TAKEN)
      }
      await revokeGrant(login, 'fraud', TYPE, 'fraud')
      const grantsOf = async (name: string) =>
        (await login.users.find(name))?.grants.map(({ pattern }) => pattern).sort()
      expect(await grantsOf('fraud')).toEqual(SPELLINGS.slice(1).sort())
      expect(await grantsOf('Fraud')).toEqual([])
      // What somebody was granted on another spelling keeps nobody from a name.
      await makeOwn(
        context,
        'fraud',
        (tx) => insertRegisteredModel(tx, { name: 'fraud', description: '', now: 0 }),
        () => ({ type: TYPE, name: 'fraud' }),
      )
      expect(await grantsOf('fraud')).toEqual(SPELLINGS.toSorted())
    })
  },
)
