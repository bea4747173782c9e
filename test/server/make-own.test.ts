import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { insertUser } from '../../server/store/users.ts'
import { lockedApp } from '../auth/support.ts'
import { loginContext } from './login-support.ts'
import { temporaryFolder, testDatabase } from './support.ts'

const headers = { 'x-test-user': 'ann' }

const MADE = [
  { what: 'experiments', type: 'experiment' },
  { what: 'registered-models', type: 'registered_model' },
]

describe.each([{ place: 'in the database of runs' }, { place: 'in a database of their own' }])(
  'with users $place',
  ({ place }) => {
    it.each(MADE)('$what are made with the grant of their maker or not at all', async ({ what, type }) => {
      const isApart = place === 'in a database of their own'
      const { context, login } = await loginContext(
        isApart ? { authDatabaseUri: await testDatabase(await temporaryFolder()) } : {},
      )
      await insertUser(login.db, { username: 'ann', passwordHash: '!', isAdmin: false })
      const app = lockedApp(context, { ann: {} })
      const make = () =>
        app.inject({ method: 'POST', url: `/api/2.0/mlflow/${what}/create`, headers, payload: { name: 'a' } })

      await sql`alter table role_permissions rename to role_permissions_away`.execute(login.db)
      expect((await make()).statusCode).toBeGreaterThanOrEqual(500)
      await sql`alter table role_permissions_away rename to role_permissions`.execute(login.db)

      const made = await make()
      expect(made.json()).not.toHaveProperty('error_code')
      const grants = (await login.users.find('ann'))?.grants
      const pattern = type === 'experiment' ? made.json().experiment_id : 'a'
      expect(grants).toEqual([{ resourceType: type, pattern, level: 'MANAGE' }])
    })
  },
)
