import { temporaryFolder, testContext, testDatabase } from './support.ts'

/** Of the admin that the server makes. */
export const ADMIN_PASSWORD = 'a long enough password'

/** A context with a login on, whose users are in the database of runs. */
export async function loginContext(settings: Parameters<typeof testContext>[0] = {}) {
  const uri = settings.backendStoreUri ?? (await testDatabase(await temporaryFolder()))
  const context = await testContext({
    backendStoreUri: uri,
    login: ['basic'],
    authDatabaseUri: uri,
    authAdminPassword: ADMIN_PASSWORD,
    ...settings,
  })
  if (!context.login) throw new Error('no login')
  return { context, login: context.login }
}
