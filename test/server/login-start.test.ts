import { writeFile } from 'node:fs/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { LEGACY_PASSWORD } from '../../server/operations/passwords.ts'
import { setAdmin } from '../../server/operations/users.ts'
import { findUserWithGrants, insertUser, updateUser } from '../../server/store/users.ts'
import { ADMIN_PASSWORD, loginContext } from './login-support.ts'
import { temporaryFolder, testDatabase } from './support.ts'

// Each password takes a core for a tenth of a second.
vi.setConfig({ testTimeout: 60_000 })

async function adminOf(
  { login }: Awaited<ReturnType<typeof loginContext>>,
  password: string,
  name = 'admin',
): Promise<boolean> {
  const user = await findUserWithGrants(login.db, name)
  return user?.isAdmin === true && (await login.passwords.isRight(password, user.passwordHash))
}

describe('the first start with a login', () => {
  it('makes the admin that the settings name, once', async () => {
    const backendStoreUri = await testDatabase(await temporaryFolder())
    const settings = { backendStoreUri, authAdminUsername: 'root' }
    const first = await loginContext(settings)
    expect(await adminOf(first, ADMIN_PASSWORD, 'root')).toBe(true)
    const second = await loginContext({ ...settings, authAdminPassword: 'not read any more' })
    expect(await adminOf(second, ADMIN_PASSWORD, 'root')).toBe(true)
    await loginContext({ backendStoreUri, authAdminPassword: '' })
    expect(await findUserWithGrants(second.login.db, 'admin')).toBeUndefined()
  })

  it('makes one where several servers start at once', async () => {
    const backendStoreUri = await testDatabase(await temporaryFolder())
    const started = await Promise.all([1, 2, 3].map(() => loginContext({ backendStoreUri })))
    for (const one of started) expect(await adminOf(one, ADMIN_PASSWORD)).toBe(true)
  })

  it('takes the password from a file', async () => {
    const file = `${await temporaryFolder()}/password`
    await writeFile(file, 'from a mounted file\n')
    const started = await loginContext({ authAdminPassword: '', authAdminPasswordFile: file })
    expect(await adminOf(started, 'from a mounted file')).toBe(true)
  })

  it.each([
    [
      '',
      /^nobody can sign in: there is no admin yet, and no password to make admin with; set MLFLOW_AUTH_ADMIN_/,
    ],
    [LEGACY_PASSWORD, /is the one that MLflow once came with, which everybody knows; choose another/],
    ['elevenchars', /is too weak: Password must be at least 12 characters\. set MLFLOW_AUTH_ADMIN_PASSWORD/],
  ])('is refused with the password %j', async (authAdminPassword, problem) => {
    await expect(loginContext({ authAdminPassword })).rejects.toThrow(problem)
  })

  it('needs no password where passwords are no way to sign in', async () => {
    const { login } = await loginContext({ login: ['oidc'], authAdminPassword: '' })
    expect(await findUserWithGrants(login.db, 'admin')).toBeUndefined()
  })
})

describe('an admin with the password that MLflow once came with', () => {
  it('gets that of the settings, where there is one', async () => {
    const backendStoreUri = await testDatabase(await temporaryFolder())
    const { login } = await loginContext({ backendStoreUri })
    await updateUser(login.db, 'admin', { passwordHash: await login.passwords.hash(LEGACY_PASSWORD) })
    const without = await loginContext({ backendStoreUri, authAdminPassword: LEGACY_PASSWORD })
    expect(await adminOf(without, LEGACY_PASSWORD)).toBe(true)
    await expect(loginContext({ backendStoreUri, authAdminPassword: 'short' })).rejects.toThrow(/too weak/)
    expect(await adminOf(await loginContext({ backendStoreUri }), ADMIN_PASSWORD)).toBe(true)
  })

  it('does not get in with it, and neither does a user who becomes one', async () => {
    const { context, login } = await loginContext()
    const app = buildApp(context)
    onTestFinished(() => app.close())
    const passwordHash = await login.passwords.hash(LEGACY_PASSWORD)
    await updateUser(login.db, 'admin', { passwordHash })
    await insertUser(login.db, { username: 'ann', passwordHash, isAdmin: false })
    const signIn = async (name: string) => {
      const authorization = `Basic ${Buffer.from(`${name}:${LEGACY_PASSWORD}`).toString('base64')}`
      return (await app.inject({ url: '/api/2.0/mlflow/users/current', headers: { authorization } }))
        .statusCode
    }
    expect([await signIn('admin'), await signIn('ann')]).toEqual([401, 200])
    await setAdmin(login, 'ann', true)
    expect(await signIn('ann')).toBe(401)
  })
})
