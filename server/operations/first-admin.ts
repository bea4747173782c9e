/** The admin without whom nobody could let anybody in. */
import { ApiError } from '../errors.ts'
import type { LoginSettings } from '../login-settings.ts'
import { findUserWithGrants, hasAdmin, insertUser, updateUser } from '../store/users.ts'
import type { Log, Login } from './login.ts'
import { checkNewPassword, LEGACY_PASSWORD } from './passwords.ts'

const HOW =
  'set MLFLOW_AUTH_ADMIN_PASSWORD, TRACKYARD_AUTH_ADMIN_PASSWORD_FILE or admin_password in the file that MLFLOW_AUTH_CONFIG_PATH names'

/**
 * Makes the first admin where the settings name one who is not there yet. One who has the password that everybody
 * knows gets that of the settings in its place.
 * @throws Error in one line where nobody could sign in as an admin
 */
export async function ensureAdmin(login: Login, settings: LoginSettings, log: Log): Promise<void> {
  const { adminUsername: username, adminPassword: password } = settings
  const admin = await findUserWithGrants(login.db, username)
  if (!admin) {
    if (password === '' && (await hasAdmin(login.db))) return
    checkAdminPassword(username, password)
    await addAdmin(login, username, password, log)
  } else if (admin.isAdmin && (await login.passwords.isRight(LEGACY_PASSWORD, admin.passwordHash))) {
    if (password === '' || password === LEGACY_PASSWORD) {
      log.warn(`the admin ${username} has the password that MLflow once came with, which is refused; ${HOW}`)
      return
    }
    checkAdminPassword(username, password)
    await updateUser(login.db, username, { passwordHash: await login.passwords.hash(password) })
    log.warn(`replaced the password that MLflow once came with by the one of the settings: ${username}`)
  }
}

function checkAdminPassword(username: string, password: string): void {
  if (password === '') {
    throw new Error(
      `nobody can sign in: there is no admin yet, and no password to make ${username} with; ${HOW}`,
    )
  }
  if (password === LEGACY_PASSWORD) {
    throw new Error(
      `the password for the admin ${username} is the one that MLflow once came with, which everybody knows; choose another: ${HOW}`,
    )
  }
  try {
    checkNewPassword(password)
  } catch (cause) {
    throw new Error(
      `the password for the admin ${username} is too weak: ${(cause as Error).message} ${HOW}`,
      {
        cause,
      },
    )
  }
}

/** Of several servers that start at once, one makes it. */
async function addAdmin(login: Login, username: string, password: string, log: Log): Promise<void> {
  try {
    await insertUser(login.db, {
      username,
      passwordHash: await login.passwords.hash(password),
      isAdmin: true,
    })
    log.info(`made the admin ${username}`)
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'RESOURCE_ALREADY_EXISTS')) throw error
  }
}
