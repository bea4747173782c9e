/** What this server keeps in the database of users beside MLflow's tables. Every table exported here is made at a start. */
import { bigintColumn, integerColumn, nullable, table, textColumn, varchar } from '../table.ts'

/** Who is signed in with a browser. Those that have ended stay until they would have expired, so that none begins anew. */
export const sessions = table(
  'trackyard_sessions',
  {
    /** SHA-256 of what the browser has. */
    id_hash: varchar(64),
    /** SHA-256 of what the sign-in began with, which can be used once. */
    attempt_hash: varchar(64),
    user_id: integerColumn(),
    username: varchar(255),
    /** SHA-256 of the password hash that the user had: another password ends the session. */
    password_mark: varchar(64),
    created_time: bigintColumn(),
    seen_time: bigintColumn(),
    expiry_time: bigintColumn(),
    ended_time: nullable(bigintColumn()),
    /** What the provider wants to see again at the sign-out, encrypted. */
    sealed_id_token: nullable(textColumn()),
  },
  {
    primaryKey: { name: 'trackyard_sessions_pk', columns: ['id_hash'] },
    unique: [{ name: 'trackyard_sessions_attempt', columns: ['attempt_hash'] }],
    indexes: [
      { name: 'trackyard_sessions_expiry', columns: ['expiry_time'] },
      { name: 'trackyard_sessions_user', columns: ['user_id'] },
    ],
  },
)

/** Who did what. Rows are added and, when they are old, deleted; nothing changes them. */
export const audit = table(
  'trackyard_audit',
  {
    /** Begins with the time, so that the order of ids is that of entries. */
    entry_id: varchar(32),
    first_time: bigintColumn(),
    last_time: bigintColumn(),
    /** How often it happened between the two times. */
    repeats: integerColumn(),
    /** Empty for nobody. */
    caller: varchar(255),
    via: varchar(16),
    action: varchar(128),
    object: varchar(255),
    detail: varchar(500),
    status: integerColumn(),
    outcome: varchar(32),
    address: varchar(45),
    user_agent: varchar(128),
  },
  {
    primaryKey: { name: 'trackyard_audit_pk', columns: ['entry_id'] },
    indexes: [
      { name: 'trackyard_audit_caller', columns: ['caller', 'entry_id'] },
      { name: 'trackyard_audit_action', columns: ['action', 'entry_id'] },
      { name: 'trackyard_audit_object', columns: ['object', 'entry_id'] },
      { name: 'trackyard_audit_outcome', columns: ['outcome', 'entry_id'] },
    ],
  },
)

/** Tokens for machines. The database deletes them with their user, whichever server deletes that. */
export const accessTokens = table(
  'trackyard_tokens',
  {
    token_id: varchar(36),
    /** SHA-256 of the token, which is kept nowhere. */
    token_hash: varchar(64),
    user_id: integerColumn(),
    name: varchar(255),
    /** read, write or admin. */
    scope: varchar(16),
    /** A JSON list of ids, NULL for all. */
    experiments: nullable(textColumn()),
    /** A JSON list of names, NULL for all. */
    models: nullable(textColumn()),
    creation_time: bigintColumn(),
    expiration_time: bigintColumn(),
    last_used_time: nullable(bigintColumn()),
  },
  {
    primaryKey: { name: 'trackyard_tokens_pk', columns: ['token_id'] },
    unique: [{ name: 'trackyard_tokens_hash', columns: ['token_hash'] }],
    indexes: [{ name: 'trackyard_tokens_of_user', columns: ['user_id'] }],
    foreignKeys: [
      {
        name: 'trackyard_tokens_user',
        columns: ['user_id'],
        references: { table: 'users', columns: ['id'] },
        onDelete: 'cascade',
      },
    ],
  },
)
