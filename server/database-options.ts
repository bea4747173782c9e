import type { Config } from './config.ts'
import type { DatabaseOptions } from './db/index.ts'

/** What the settings say of the way to the database. */
export function databaseOptions(config: Config): DatabaseOptions {
  return {
    user: config.databaseUser,
    password: config.databasePassword,
    iamAuth: config.databaseIamAuth,
    secret: config.databaseSecret,
    passwordFile: config.databasePasswordFile,
    mysqlTls: {
      ssl_ca: config.databaseTlsAuthority,
      ssl_cert: config.databaseTlsCertificate,
      ssl_key: config.databaseTlsKey,
    },
    pooler: config.databasePooler,
    poolSize: config.databasePoolSize,
    poolOverflow: config.databasePoolOverflow,
    recycleSeconds: config.databasePoolRecycleSeconds,
    waitMs: config.databaseWaitSeconds * 1000,
    statementMs: config.databaseStatementSeconds * 1000,
    readOnly: config.readOnly,
  }
}
