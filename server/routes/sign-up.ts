/** A page on which an admin makes a user, and what its form is sent to. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { ApiError, invalidParameter } from '../errors.ts'
import { addUser } from '../operations/users.ts'
import { takeText } from './form.ts'
import type { Route } from './route.ts'

const CREATE_PATH = '/api/2.0/mlflow/users/create-ui'
const COOKIE = 'trackyard_sign_up'

export const signUpRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/signup',
    needsLogin: true,
    permission: 'admin',
    async handle({ config }, request, reply) {
      const token = cookieOf(request) ?? randomBytes(24).toString('hex')
      const secure = request.protocol === 'https' ? '; Secure' : ''
      return reply
        .header(
          'set-cookie',
          `${COOKIE}=${token}; Path=${config.staticPrefix}/; HttpOnly; SameSite=Strict${secure}`,
        )
        .header('content-security-policy', "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
        .header('cache-control', 'no-store')
        .type('text/html; charset=utf-8')
        .send(page(config.staticPrefix + CREATE_PATH, token))
    },
  },
  {
    method: 'POST',
    path: CREATE_PATH,
    needsLogin: true,
    permission: 'admin',
    async handle(context, request, reply) {
      const form = new URLSearchParams(await takeText(request))
      checkToken(request, form.get('csrf_token') ?? '')
      await makeUser(context, form)
      return reply.redirect(`${context.config.staticPrefix}/`, 303)
    },
  },
]

async function makeUser({ login }: Context, form: URLSearchParams): Promise<void> {
  const [username, password] = [form.get('username'), form.get('password')]
  if (!username || !password) throw invalidParameter('Username and password cannot be empty.')
  if (login) await addUser(login, username, password)
}

/** A page of another site can have a browser send the form, and neither reads the cookie nor sets it. */
function checkToken(request: FastifyRequest, given: string): void {
  const [wanted, sent] = [Buffer.from(cookieOf(request) ?? ''), Buffer.from(given)]
  if (wanted.length === 0 || wanted.length !== sent.length || !timingSafeEqual(wanted, sent)) {
    throw new ApiError('BAD_REQUEST', 'The CSRF token is missing or wrong; open the page again.')
  }
}

function cookieOf({ headers }: FastifyRequest): string | undefined {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([0-9a-f]{48})(?:;|$)`).exec(headers.cookie ?? '')?.[1]
}

function page(action: string, token: string): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sign up</title>
<h1>Sign up</h1>
<form action="${action}" method="post">
<input type="hidden" name="csrf_token" value="${token}">
<p><label>Username<br><input name="username" required maxlength="255" autocomplete="off"></label>
<p><label>Password<br><input type="password" name="password" required minlength="12" autocomplete="new-password"></label>
<p><button>Sign up</button>
</form></html>
`
}
