/** What a server has while a login is on. */
import type { Access, Scope } from '../access/access.ts'
import { accessOf } from '../access/access.ts'
import type { Level } from '../access/grants.ts'
import type { Config } from '../config.ts'
import type { GroupRole, LoginWay } from '../config-values.ts'
import { databaseOptions } from '../database-options.ts'
import type { Db } from '../db/index.ts'
import {
  type AuthDb,
  isSameDatabase,
  isSameServer,
  migrateLogin,
  openLoginDatabase,
  requireLogin,
} from '../db/login.ts'
import { type LoginSettings, readLoginSettings } from '../login-settings.ts'
import { type AccessToken, findTokenByHash } from '../store/access-tokens.ts'
import { findUserWithGrants, type UserWithGrants } from '../store/users.ts'
import { AuditLog, type AuditOutput } from './audit.ts'
import { ensureAdmin } from './first-admin.ts'
import { Passwords } from './passwords.ts'
import { Recent } from './recent.ts'
import { SignInGuard } from './sign-in-guard.ts'

export interface Login {
  readonly db: AuthDb
  readonly ways: readonly LoginWay[]
  /** What a user may do without a grant. */
  readonly defaultLevel: Level
  /** Users and their grants, by name. */
  readonly users: Recent<UserWithGrants>
  readonly passwords: Passwords
  /** What groups of an identity provider stand for here. */
  readonly groupRoles: readonly GroupRole[]
  readonly audit: AuditLog
  /** Access tokens by their hashes. */
  readonly tokens: Recent<AccessToken>
  readonly signInGuard: SignInGuard
  /** Whether nothing is noted of who comes, and nobody is made a user. */
  readonly readOnly: boolean
}

export interface Log extends AuditOutput {
  info(message: string): void
  info(fields: object, message: string): void
  warn(message: string): void
}

/**
 * Opens the database of users, or takes that of runs where both are one.
 * @throws Error in one line when it cannot be used
 */
export async function openLogin(config: Config, tracking: Db, log: Log): Promise<Login | undefined> {
  if (config.login.length === 0) return undefined
  const settings = await readLoginSettings(config, (text) => log.warn(text))
  const db = await openUsers(config, settings, tracking)
  const login: Login = {
    db,
    ways: settings.ways,
    defaultLevel: settings.defaultLevel,
    users: new Recent((username) => findUserWithGrants(db, username)),
    tokens: new Recent((hash) => findTokenByHash(db, hash)),
    passwords: new Passwords(),
    groupRoles: config.groupRoles,
    signInGuard: new SignInGuard({
      freeFailures: config.signInFreeFailures,
      longestSeconds: config.signInLongestSeconds,
    }),
    audit: new AuditLog(config.readOnly ? undefined : db, log, { retentionDays: config.auditRetentionDays }),
    readOnly: config.readOnly,
  }
  try {
    if (login.ways.includes('basic') && !config.readOnly) await ensureAdmin(login, settings, log)
    return login
  } catch (error) {
    await closeLogin(login, tracking)
    throw error
  }
}

export async function closeLogin(login: Login, tracking: Db): Promise<void> {
  await login.audit.close()
  if (!isOne(login.db, tracking)) await login.db.destroy()
}

/** What a user may do with a credential. */
export function accessFor(login: Login, user: UserWithGrants, scope?: Scope): Access {
  const access = accesses.getOrInsertComputed(user, () => accessOf(user, login.defaultLevel))
  return scope ? { ...access, scope } : access
}

/** A user may have thousands of grants, and send thousands of requests until they are read again. */
const accesses = new WeakMap<UserWithGrants, Access>()

async function openUsers(
  config: Config,
  { databaseUri, databaseSetting }: LoginSettings,
  tracking: Db,
): Promise<AuthDb> {
  if (isSameDatabase(databaseUri, config.backendStoreUri)) {
    const db = tracking as unknown as AuthDb
    await (config.readOnly ? requireLogin(db) : migrateLogin(db))
    return db
  }
  return openLoginDatabase(databaseUri, credentialsFor(databaseUri, config), databaseSetting)
}

/** Those of the tracking database are for its server: no other is to see them. */
function credentialsFor(uri: string, config: Config): ReturnType<typeof databaseOptions> {
  const { artifactsOnly, authDatabasePasswordFile: passwordFile, backendStoreUri } = config
  const options = databaseOptions(config)
  const isTheirs = artifactsOnly || isSameServer(uri, backendStoreUri)
  if (passwordFile === '' && isTheirs) return options
  return { ...options, user: '', password: '', iamAuth: false, secret: '', passwordFile }
}

/** Whether users are in the database of runs. */
export function isOne(db: AuthDb, tracking: Db): boolean {
  return (db as unknown) === tracking
}
