import { describe, expect, it, vi } from 'vitest'
import { deleteGrants, grantTo, renameGrants } from '../../server/operations/own-grants.ts'
import { signedIn } from '../../server/operations/signed-in.ts'
import { findUserWithGrants } from '../../server/store/users.ts'
import { loginContext } from './login-support.ts'

// Each password takes a core for a tenth of a second.
vi.setConfig({ testTimeout: 60_000 })

const groupRoles = [
  { group: 'ml', role: 'editors' },
  { group: 'ops', role: 'admin' },
]

describe('who was signed in elsewhere', () => {
  it('becomes a user without a password at the first time', async () => {
    const { login } = await loginContext()
    const user = await signedIn(login, { username: 'ann@example.com', groups: [] })
    expect(user).toMatchObject({ isAdmin: false, grants: [] })
    for (const guess of ['', '!']) expect(await login.passwords.isRight(guess, user.passwordHash)).toBe(false)
    expect((await signedIn(login, { username: 'ann@example.com', groups: [] })).id).toBe(user.id)
  })

  it('gets and loses the roles that its groups stand for, and no others', async () => {
    const { login } = await loginContext({ groupRoles })
    const first = await signedIn(login, { username: 'ann', groups: ['ml', 'ops', 'other'] })
    expect([...first.roles].sort()).toEqual(['admin', 'editors'])
    expect(first.grants).toEqual([{ resourceType: 'workspace', pattern: '*', level: 'MANAGE' }])
    await grantTo(login, 'ann', 'experiment', '7', 'EDIT')
    const second = await signedIn(login, { username: 'ann', groups: ['ml'] })
    expect([...second.roles].sort()).toEqual([`__user_${second.id}__`, 'editors'])
    expect((await signedIn(login, { username: 'ann', groups: [] })).roles.has('editors')).toBe(false)
  })

  it('is one user when many requests come at once', async () => {
    const { login } = await loginContext({ groupRoles })
    const all = await Promise.all(
      Array.from({ length: 8 }, () => signedIn(login, { username: 'ann', groups: ['ml', 'ops'] })),
    )
    expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    for (const user of all) expect([...user.roles].sort()).toEqual(['admin', 'editors'])
  })
})

describe('what is granted to a user alone', () => {
  it('goes with a name, and from all users when the name is free again', async () => {
    const { login } = await loginContext()
    const grantsOf = async (name: string) => (await login.users.find(name))?.grants
    for (const username of ['ann', 'bob']) {
      await signedIn(login, { username, groups: [] })
      await grantTo(login, username, 'registered_model', 'model', 'READ')
      await grantTo(login, username, 'registered_model', 'model')
    }
    const granted = (pattern: string) => [{ resourceType: 'registered_model', pattern, level: 'MANAGE' }]
    expect(await grantsOf('ann')).toEqual(granted('model'))
    await grantTo(login, 'ann', 'registered_model', 'other', 'READ')
    await renameGrants(login, 'model', 'other')
    expect(await grantsOf('ann')).toEqual(granted('other'))
    expect(await grantsOf('bob')).toEqual(granted('other'))
    await deleteGrants(login, 'other')
    expect(await grantsOf('ann')).toEqual([])
    expect(await findUserWithGrants(login.db, 'bob')).toMatchObject({ grants: [] })
  })

  it('is granted once by many at once', async () => {
    const { login } = await loginContext()
    await signedIn(login, { username: 'ann', groups: [] })
    await Promise.all(['1', '2', '3', '4'].map((id) => grantTo(login, 'ann', 'experiment', id)))
    const user = await login.users.find('ann')
    expect(user?.grants.map(({ pattern }) => pattern).sort()).toEqual(['1', '2', '3', '4'])
    expect(user?.roles.size).toBe(1)
  })
})
