import { readdir, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { accessFor } from '../../server/operations/login.ts'
import { loginContext } from './login-support.ts'
import { temporaryFolder, testContext } from './support.ts'

describe('a login', () => {
  it('is off where nothing turns it on', async () => {
    expect((await testContext()).login).toBeUndefined()
  })

  it('has the database of runs where its URI is the same, and else one of its own', async () => {
    const { context, login } = await loginContext()
    expect(login.db).toBe(context.db)
    const other = await loginContext({ authDatabaseUri: `sqlite:///${await temporaryFolder()}/auth.db` })
    expect(other.login.db).not.toBe(other.context.db)
    await expect(other.login.users.find('nobody')).resolves.toBeUndefined()
  })
})

describe('a user', () => {
  it('comes with what all its roles grant, in one statement', async () => {
    const { login } = await loginContext()
    const { db } = login
    await db.insertInto('users').values({ username: 'ann', password_hash: 'x', is_admin: false }).execute()
    const { id } = await db
      .selectFrom('users')
      .select('id')
      .where('username', '=', 'ann')
      .executeTakeFirstOrThrow()
    await db
      .insertInto('roles')
      .values([
        { name: `__user_${id}__`, workspace: 'default' },
        { name: 'elsewhere', workspace: 'another' },
      ])
      .execute()
    for (const { id: role_id } of await db.selectFrom('roles').select('id').execute()) {
      await db.insertInto('user_role_assignments').values({ user_id: id, role_id }).execute()
      await db
        .insertInto('role_permissions')
        .values([
          { role_id, resource_type: 'experiment', resource_pattern: `${role_id}`, permission: 'EDIT' },
          { role_id, resource_type: 'run', resource_pattern: '*', permission: 'unheard of' },
        ])
        .execute()
    }
    const user = await login.users.find('ann')
    expect(user).toMatchObject({ username: 'ann', isAdmin: false, passwordHash: 'x' })
    expect(user?.grants).toHaveLength(2)
    expect(user?.grants).toContainEqual({ resourceType: 'run', pattern: '*', level: 'NO_PERMISSIONS' })
    expect(user && accessFor(login, user)).toMatchObject({ isAdmin: false, defaultLevel: 'READ' })
    await expect(login.users.find('ANN')).resolves.toBeUndefined()
  })

  it('is read again when it has changed here, or a second has gone by', async () => {
    const { login } = await loginContext()
    expect(await login.users.find('ann')).toBeUndefined()
    await login.db.insertInto('users').values({ username: 'ann', is_admin: true }).execute()
    expect(await login.users.find('ann')).toBeUndefined()
    login.users.forget('ann')
    expect(await login.users.find('ann')).toMatchObject({ isAdmin: true, grants: [] })
    await login.db.deleteFrom('users').where('username', '=', 'ann').execute()
    await expect.poll(() => login.users.find('ann')).toBeUndefined()
  })
})

describe("MLflow's file of the login", () => {
  async function withFile(lines: string[], settings: Parameters<typeof testContext>[0] = {}) {
    const folder = await temporaryFolder()
    await writeFile(`${folder}/auth.ini`, ['[mlflow]', ...lines].join('\n'))
    return loginContext({ authDatabaseUri: '', authConfigPath: `${folder}/auth.ini`, ...settings })
  }

  it('is read as MLflow reads it', async () => {
    const folder = await temporaryFolder()
    const { login } = await withFile([
      '# a comment',
      'Default_Permission: NO_PERMISSIONS',
      `database_uri = sqlite:///${folder}/100%%.db`,
    ])
    expect(login.defaultLevel).toBe('NO_PERMISSIONS')
    expect(await readdir(folder)).toContain('100%.db')
  })

  it.each([
    [['authorization_function = mine:authenticate'], /a function of Python's cannot run here/],
    [
      ['default_permission = READ'],
      /TRACKYARD_DEFAULT_PERMISSION and default_permission in .* say different/,
    ],
    [['default_permission = ALL'], /default_permission in .*=ALL: must be one of NO_PERMISSIONS, READ/],
    [['database_uri = sqlite:///50%.db'], /MLFLOW_AUTH_CONFIG_PATH=.*: line 2 has a single %/],
    [['what'], /line 2 is neither a \[section\] nor key = value/],
  ])('ends the start: %s', async (lines, problem) => {
    const settings = lines[0]?.endsWith('READ') ? { defaultPermission: 'EDIT' as const } : {}
    await expect(withFile(lines, settings)).rejects.toThrow(problem)
  })
})
