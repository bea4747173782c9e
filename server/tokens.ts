/** `trackyard tokens`: makes, lists and revokes access tokens, in the database of users the environment names. */
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { toWire } from './api/access-tokens.ts'
import { auditedIn } from './auth/audited.ts'
import { type Environment, parseConfig, requireWriting } from './config.ts'
import { type Context, closeContext, openContext } from './context.ts'
import { createToken, getToken, parseScope } from './operations/access-tokens.ts'
import { parseAge } from './operations/age.ts'
import type { Login } from './operations/login.ts'
import { type AccessToken, deleteToken, listTokens } from './store/access-tokens.ts'
import { getUser } from './store/users.ts'

const PER_PAGE = 1_000

type Command = (context: Context & { readonly login: Login }, argv: string[]) => Promise<void>

const COMMANDS: Readonly<Record<string, Command>> = { create, list, revoke }

/**
 * @returns the process's exit code
 * @throws Error with a line a person can act on
 */
export async function manageTokens(
  environment: Environment,
  [name = '', ...argv]: string[],
): Promise<number> {
  const command = COMMANDS[name]
  if (!command) throw new Error('tokens takes create, list or revoke; see trackyard tokens --help')
  const config = parseConfig(environment)
  if (config.login.length === 0) {
    throw new Error(
      'no login is on, so there is nobody to have a token; set TRACKYARD_LOGIN or MLFLOW_APP_NAME as for the server',
    )
  }
  if (name !== 'list') requireWriting(config, `tokens ${name}`)
  const context = await openContext(config, pino({ level: 'silent' }))
  try {
    await command(context as Context & { readonly login: Login }, argv)
    return 0
  } finally {
    await closeContext(context)
  }
}

const text = { type: 'string' } as const
const texts = { type: 'string', multiple: true } as const
const json = { type: 'boolean', default: false } as const

async function create({ login, config, clock }: Parameters<Command>[0], args: string[]): Promise<void> {
  const options = { user: text, scope: text, experiment: texts, model: texts, expires: text, json }
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const name = onlyOne(positionals, 'create takes the name of the token')
  if (!values.user) throw new Error('--user: whose token it is; it never does more than that user may')
  const request = {
    username: values.user,
    name,
    scope: parseScope(values.scope, values.experiment, values.model),
    lifetimeMs: values.expires === undefined ? undefined : parseAge(values.expires),
  }
  const { token, info } = await createToken(login.db, request, config, clock())
  record(login, 'create', info)
  if (values.json) return print(JSON.stringify({ token, token_info: toWire(info) }, null, 2))
  // The token alone on the standard output, so that a script can keep it.
  process.stderr.write(`${describe(info)}\nThis is the only time the token is shown:\n`)
  print(token)
}

async function list({ login: { db } }: Parameters<Command>[0], args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { user: text, json } })
  const userId = values.user === undefined ? undefined : (await getUser(db, values.user)).id
  const found: AccessToken[] = []
  for (let after = ''; ; after = found.at(-1)?.id ?? '') {
    const page = await listTokens(db, { userId, after, limit: PER_PAGE })
    found.push(...page)
    if (page.length < PER_PAGE) break
  }
  if (values.json) return print(JSON.stringify(found.map(toWire), null, 2))
  for (const token of found) print(describe(token))
}

async function revoke({ login }: Parameters<Command>[0], args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: { json }, allowPositionals: true })
  const token = await getToken(login.db, onlyOne(positionals, 'revoke takes the id of a token'))
  await deleteToken(login.db, token.id)
  record(login, 'revoke', token)
  print(values.json ? JSON.stringify(toWire(token), null, 2) : `revoked: ${describe(token)}`)
}

/** Whoever runs this has the password of the database, and no name here. */
function record({ audit }: Login, command: string, token: AccessToken): void {
  audit.record({
    caller: 'cli',
    via: 'cli',
    action: `trackyard tokens ${command}`,
    ...auditedIn(toWire(token)),
    status: 200,
    outcome: 'OK',
    address: '',
    userAgent: '',
  })
}

function describe({ id, name, username, scope, expirationTime, lastUsedTime }: AccessToken): string {
  const only = [
    ...[...(scope.experiments ?? [])].map((one) => `experiment ${one}`),
    ...[...(scope.models ?? [])].map((one) => `model ${one}`),
  ]
  const used = lastUsedTime === undefined ? 'never used' : `last used ${day(lastUsedTime)}`
  const scopeText = only.length > 0 ? `${scope.most} on ${only.join(', ')}` : scope.most
  return `${id}  ${name} of ${username}: ${scopeText}; expires ${day(expirationTime)}; ${used}`
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

function onlyOne([first, ...rest]: string[], problem: string): string {
  if (first === undefined || rest.length > 0) throw new Error(`${problem}; see trackyard tokens --help`)
  return first
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
