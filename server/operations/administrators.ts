/** Those who let others in, of whom one has to be left. */
import type { AuthDb } from '../db/login.ts'
import { ApiError } from '../errors.ts'
import { hasAdministrator, lockAdministrators } from '../store/administrators.ts'
import type { Login } from './login.ts'

/**
 * Changes users or roles, unless nobody could change them any more after it.
 * @throws ApiError BAD_REQUEST then
 */
export async function keepingAnAdministrator<T>(
  { db }: Login,
  change: (tx: AuthDb) => Promise<T>,
): Promise<T> {
  return db.transaction().execute(async (tx) => {
    await lockAdministrators(tx)
    const done = await change(tx)
    if (!(await hasAdministrator(tx))) {
      throw new ApiError(
        'BAD_REQUEST',
        'Nobody could administer this server after that. Make another user an administrator first.',
      )
    }
    return done
  })
}
