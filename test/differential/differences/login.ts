import type { Difference } from '../difference.ts'

const USERS = 'test/server/users.test.ts'
const START = 'test/server/login-start.test.ts'

/** The differential test runs without a login: other tests show these. */
export const LOGIN_DIFFERENCES: readonly Difference[] = [
  {
    id: 'login-words',
    area: 'login',
    where: 'nobody signed in, or not allowed',
    mlflow: '401 and 403 with a sentence as text',
    ours: 'the same statuses and `WWW-Authenticate`, with the JSON error body',
    reason: 'one form of error; clients read the status',
    shownBy: USERS,
  },
  {
    id: 'login-create-ui',
    area: 'login',
    where: '`users/create-ui`, which the form of `/signup` is sent to',
    mlflow: 'whoever is signed in may make users',
    ours: 'admins only, as the page itself; the answer is a redirect to the UI',
    reason: 'no way around `users/create`',
    shownBy: USERS,
  },
  {
    id: 'login-secret-key',
    area: 'login',
    where: '`MLFLOW_FLASK_SERVER_SECRET_KEY`',
    mlflow: 'without it there is no start',
    ours: 'passwords need none',
    reason: 'the token against forged forms is in a SameSite cookie, for any number of servers',
    shownBy: USERS,
  },
  {
    id: 'login-admin-missing',
    area: 'login',
    where:
      'the start without a password for the first admin, whom the settings name and the database has not',
    mlflow: 'refused',
    ours: 'refused where the database has no other admin',
    reason: 'an admin may be renamed without the settings',
    shownBy: START,
  },
  {
    id: 'login-workspace-admin',
    area: 'login',
    where: 'a role with `MANAGE` on `workspace`',
    mlflow: 'manages roles and everything in the workspace, not the other endpoints of admins',
    ours: 'an admin; `users/current` says so',
    reason: 'there is one workspace, and roles are all that an identity provider’s groups can give',
    shownBy: 'test/server/login-people.test.ts',
  },
  {
    id: 'login-roles-held',
    area: 'login',
    where: 'reading roles without being an admin',
    mlflow: 'all of the workspace, those of single users too, for whoever holds one in it',
    ours: 'those that one holds',
    reason: 'what others are granted names what may be hidden from the reader',
    shownBy: 'test/server/users.test.ts',
  },
  {
    id: 'login-names-exact',
    area: 'login',
    where: 'names of users on MySQL',
    mlflow: 'as the collation compares: `ANN` may sign in as `ann`',
    ours: 'exactly',
    reason: 'one spelling for one user; grants and records name it',
    shownBy: 'test/server/login.test.ts',
  },
  {
    id: 'login-names-reused',
    area: 'login',
    where: 'a model or a prompt of a name that another one had',
    mlflow: 'rights left on the name by a deletion that was cut off count again',
    ours: 'they end when the name is taken',
    reason: 'a right is to one model, not to whatever is called so later',
    shownBy: USERS,
  },
]
