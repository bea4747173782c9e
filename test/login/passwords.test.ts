import { expect, it } from 'vitest'
import { NO_PASSWORD, Passwords } from '../../server/operations/passwords.ts'

const PASSWORD = 'correct horse battery ü'

// Made by werkzeug 3.1, as MLflow makes them or has made them.
it.each([
  'scrypt:32768:8:1$LXyEqcBRKegiwS0D$c72b67117b863dee97005fd950e1910c2b9f181f56662a0105e11b283c1e7886e26400aa69b60c8c0b8b4e3bca7258f3146f9bbf61580c45852262d98e5eaccd',
  'scrypt:1024:4:2$tINXUgKixK19oqR6$f6bea3dfd2c6e5c225366ea16524526afff7cc6b4f2434945591d2627c7865b6db84a29091cb7a81eae9ed7ade3c5e3c2a12c5658ee97758aec57ee6c11bcda9',
  'pbkdf2:sha256:1000$QUZo4kzXBowOTyxl$861ad037a1cbfb2d9148243c904ee53274c955f7d9c0cc5cbfcc78e37a0003aa',
  'pbkdf2:sha512:1000$UJgx4KzjJiBRuXQO$afe18c2d0dbd5e8743fb5dfb28f0a7eaa923d21ddb7372abc52d73beb080cdf20eadff056e4099c5ebaf99c475da237574fd316c2c6463eed69d5132214aa026',
])('checks the hash %.20s…', async (hash) => {
  const passwords = new Passwords()
  expect(await passwords.isRight(PASSWORD, hash)).toBe(true)
  expect(await passwords.isRight(PASSWORD, hash)).toBe(true)
  expect(await passwords.isRight(`${PASSWORD} `, hash)).toBe(false)
  expect(await passwords.isRight('', hash)).toBe(false)
})

it('makes a hash like werkzeug’s, another one each time', async () => {
  const passwords = new Passwords()
  const [one, other] = [await passwords.hash(PASSWORD), await passwords.hash(PASSWORD)]
  expect(one).toMatch(/^scrypt:32768:8:1\$[a-zA-Z0-9]{16}\$[0-9a-f]{128}$/)
  expect(one).not.toBe(other)
  expect(await passwords.isRight(PASSWORD, one)).toBe(true)
})

it.each([
  '',
  NO_PASSWORD,
  'plain$$correct horse battery ü',
  `scrypt:32768:8:1$${'0'.repeat(16)}$${'0'.repeat(128)}`,
])('takes no password for the hash %j', async (hash) => {
  expect(await new Passwords().isRight('', hash)).toBe(false)
  expect(await new Passwords().isRight(PASSWORD, hash)).toBe(false)
})

it('forgets with the hash what was right for it', async () => {
  const passwords = new Passwords()
  const hash = await passwords.hash(PASSWORD)
  expect(await passwords.isRight(PASSWORD, hash)).toBe(true)
  expect(await passwords.isRight(PASSWORD, await passwords.hash('another password'))).toBe(false)
})

it('computes the same check once, and refuses what waits in too long a row', async () => {
  const passwords = new Passwords()
  const hash = await passwords.hash(PASSWORD)
  const same = await Promise.all(Array.from({ length: 200 }, () => passwords.isRight(PASSWORD, hash)))
  expect(new Set(same)).toEqual(new Set([true]))
  // Cheap ones: what is counted is how many there are.
  const cheap = hash.replace(/^scrypt:\d+/, 'scrypt:16')
  const flood = await Promise.allSettled(
    Array.from({ length: 300 }, (_, at) => passwords.isRight(`guess ${at}`, cheap)),
  )
  expect(flood.filter(({ status }) => status === 'fulfilled')).toHaveLength(102)
  expect(flood.at(-1)).toMatchObject({ reason: { code: 'REQUEST_LIMIT_EXCEEDED' } })
  expect(await passwords.isRight(PASSWORD, hash)).toBe(true)
})
