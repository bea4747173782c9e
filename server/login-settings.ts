/** What the settings and MLflow's file of the login say together. */
import { readFile } from 'node:fs/promises'
import type { Level } from './access/grants.ts'
import type { Config } from './config.ts'
import { SETTINGS } from './config-settings.ts'
import { databaseUri, type LoginWay, permissionLevel } from './config-values.ts'
import { readPassword } from './db/credentials.ts'
import { parseLoginFile } from './login-file.ts'

export interface LoginSettings {
  readonly ways: readonly LoginWay[]
  readonly databaseUri: string
  /** What gave that URI. */
  readonly databaseSetting: string
  readonly defaultLevel: Level
  /** Of the admin who is made where there is none of this name. */
  readonly adminUsername: string
  /** Empty where none is given. */
  readonly adminPassword: string
}

const AUTHORIZATION_FUNCTION = 'mlflow.server.auth:authenticate_request_basic_auth'

const WITHOUT_EFFECT = ['read_database_uri', 'grant_default_workspace_access'] as const

/**
 * Reads the files that the settings name.
 * @throws Error in one line for a file that cannot be read, or says something else than a setting
 */
export async function readLoginSettings(
  config: Config,
  warn: (text: string) => void,
): Promise<LoginSettings> {
  const { authConfigPath: path } = config
  const file = path === '' ? new Map<string, string>() : await readLoginFile(path)
  const authorization = file.get('authorization_function') || AUTHORIZATION_FUNCTION
  if (authorization !== AUTHORIZATION_FUNCTION) {
    throw new Error(
      `authorization_function in ${path}: a function of Python's cannot run here; leave it out, and name ways to sign in with ${SETTINGS.login.env}`,
    )
  }
  for (const key of WITHOUT_EFFECT) {
    if (!['', 'false', '0', 'no', 'off'].includes(file.get(key)?.toLowerCase() ?? '')) {
      warn(`${key} in ${path} has no effect on this server`)
    }
  }
  const uri = either(config, 'authDatabaseUri', file, 'database_uri')
  return {
    ways: config.login,
    databaseUri: databaseUri.parse(uri.value || 'sqlite:///basic_auth.db'),
    databaseSetting: uri.from,
    defaultLevel: levelOf(either(config, 'defaultPermission', file, 'default_permission')),
    adminUsername: config.authAdminUsername || file.get('admin_username') || 'admin',
    adminPassword: await passwordOf(config, file),
  }
}

async function readLoginFile(path: string): Promise<Map<string, string>> {
  try {
    return parseLoginFile(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new Error(`${SETTINGS.authConfigPath.env}=${path}: ${(cause as Error).message}`, { cause })
  }
}

interface Given {
  readonly value: string
  readonly from: string
}

/** An image is told by its environment, MLflow by its file; who has both must say the same. */
function either(
  config: Config,
  setting: 'authDatabaseUri' | 'defaultPermission',
  file: ReadonlyMap<string, string>,
  key: string,
): Given {
  const { env } = SETTINGS[setting]
  const [ours, theirs] = [config[setting], file.get(key) ?? '']
  if (ours && theirs && ours !== theirs) {
    throw new Error(
      `${env} and ${key} in ${config.authConfigPath} say different things; leave one of them out`,
    )
  }
  return ours || !theirs
    ? { value: ours, from: env }
    : { value: theirs, from: `${key} in ${config.authConfigPath}` }
}

function levelOf({ value, from }: Given): Level {
  const parsed = permissionLevel.safeParse(value || 'READ')
  if (!parsed.success) throw new Error(`${from}=${value}: ${parsed.error.issues[0]?.message}`)
  return parsed.data
}

async function passwordOf(config: Config, file: ReadonlyMap<string, string>): Promise<string> {
  const { authAdminPasswordFile: path } = config
  if (path === '') return config.authAdminPassword || file.get('admin_password') || ''
  try {
    return await readPassword(path)
  } catch (cause) {
    throw new Error(`${SETTINGS.authAdminPasswordFile.env}=${path}: ${(cause as Error).message}`, { cause })
  }
}
