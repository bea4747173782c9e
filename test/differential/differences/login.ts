import { answersTo, anyOf, codeOf, type Difference, fieldsOf } from '../difference.ts'

const USERS = 'test/server/users.test.ts'
const START = 'test/server/login-start.test.ts'

/** What the scenarios with a login show, and other tests where these cannot. */
export const LOGIN_DIFFERENCES: readonly Difference[] = [
  {
    id: 'login-words',
    area: 'login',
    where: 'nobody signed in, or not allowed',
    mlflow: '401 and 403 with a sentence as text',
    ours: 'the same statuses and `WWW-Authenticate`, with the JSON error body',
    reason: 'one form of error; clients read the status',
    shownBy: ({ answers: { theirs, ours } }) =>
      [401, 403].includes(theirs.status) &&
      theirs.status === ours.status &&
      theirs.contentType === 'text/html' &&
      codeOf(ours.body) !== undefined,
  },
  {
    id: 'login-create-ui',
    area: 'login',
    where: '`users/create-ui`, which the form of `/signup` is sent to',
    mlflow: 'admins make users; a page of a script tells them so',
    ours: 'admins make users; the answer is a redirect to the UI',
    reason: 'pages here run no script of their own',
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
    shownBy: anyOf(
      fieldsOf(/^body\.user\.is_admin$/, 'roles: who am I, who manages the workspace'),
      answersTo(403, 200, 'roles: change a password, who manages the workspace'),
    ),
  },
  {
    id: 'login-roles-held',
    area: 'login',
    where: 'reading roles without being an admin',
    mlflow: 'all of the workspace, those of single users too, for whoever holds one in it',
    ours: 'those that one holds',
    reason: 'what others are granted names what may be hidden from the reader',
    shownBy: fieldsOf(/roles/, 'roles: list a workspace, a user'),
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
  {
    id: 'login-version',
    area: 'login',
    where: '`/version`, which nobody is signed in for',
    mlflow: '401',
    ours: 'the version, as `/health` and the facts of the server are open on both',
    reason: 'probes and `trackyard doctor` ask for it without credentials',
    shownBy: answersTo(401, 200, 'users: nobody, at the version'),
  },
  {
    id: 'login-faults',
    area: 'login',
    where: 'values of a wrong type, and bodies that are no object',
    mlflow: '400 with the words of SQLAlchemy, or as for an empty value or body',
    ours: '400 that names the field, its value and its type, or that the body is no object',
    reason: 'it says where the fault is',
    shownBy: fieldsOf(
      /^body\.(error_code|message)$/,
      'users: create from a list',
      'users: make an admin with text',
      'roles: create from a list',
      'roles: create with a number for a name',
      'roles: create with a number for a description',
      'roles: update with a number',
      'roles: grant for null',
      'roles: grant a number',
      'roles: grant a number as a type',
    ),
  },
  {
    id: 'login-empty-name',
    area: 'login',
    where: 'an empty user name where one is asked about',
    mlflow: '404 for the user of that name',
    ours: '400 as for a missing one',
    reason: 'nobody can have it',
    shownBy: answersTo(404, 400, 'users: get with no name'),
  },
  {
    id: 'login-levels-of-all-types',
    area: 'login',
    where: '`users/permissions/get` of one prompt or run, or of a scorer without an experiment',
    mlflow: '400: the type is not supported, or the id is none; a grant on it works all the same',
    ours: 'the level',
    reason: 'whoever may grant it may ask for it',
    shownBy: answersTo(
      400,
      200,
      'user permissions: check a denied prompt',
      'user permissions: check one run',
      'user permissions: check a scorer of no experiment',
    ),
  },
]
