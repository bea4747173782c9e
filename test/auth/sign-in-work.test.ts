import * as crypto from 'node:crypto'
import { expect, it, vi } from 'vitest'
import { NO_PASSWORD } from '../../server/operations/passwords.ts'
import { insertUser } from '../../server/store/users.ts'
import { lockedServer } from '../server/locked-server.ts'

// The real one: what is watched is how often it works, and how hard.
vi.mock('node:crypto', async (original) => {
  const real = await original<typeof crypto>()
  return { ...real, scrypt: vi.fn(real.scrypt) }
})

it('a wrong password costs the same work whether its user is known, has a password, or could be one', async () => {
  const { app, login } = await lockedServer()
  await insertUser(login.db, { username: 'sso', passwordHash: NO_PASSWORD, isAdmin: false })
  const works: unknown[] = []
  for (const username of ['admin', 'nobody', 'sso', '']) {
    vi.mocked(crypto.scrypt).mockClear()
    const authorization = `Basic ${Buffer.from(`${username}:a wrong password`).toString('base64')}`
    const answer = await app.inject({ url: '/api/2.0/mlflow/users/current', headers: { authorization } })
    expect([answer.statusCode, answer.payload]).toEqual([
      401,
      expect.stringContaining('user name or the password'),
    ])
    works.push(
      vi.mocked(crypto.scrypt).mock.calls.map(([, salt, bytes, cost]) => [String(salt).length, bytes, cost]),
    )
  }
  expect(works[0]).toEqual([[16, 64, { N: 32_768, r: 8, p: 1, maxmem: expect.any(Number) }]])
  for (const work of works.slice(1)) expect(work).toEqual(works[0])
})
