/** The cookies of people who sign in with a browser. */
import { parseCookie, type SetCookie, stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'

/** People come over TLS, or to this machine: the setting takes nothing else. */
type Place = Pick<Config, 'publicUrl'>

const SESSION = 'trackyard-session'
const SIGN_IN = 'trackyard-sign-in-'

/** MLflow's UI deletes it when somebody signs out there. */
const SEEN_BY_UI = 'mlflow_user'

/** Each tab of a browser may sign in by itself; of more than these the first are forgotten. */
const MOST_SIGN_INS = 5

export function setSession(reply: FastifyReply, place: Place, value: string, maxAge: number): void {
  setCookie(reply, place, { name: hostOnly(place, SESSION), value, maxAge })
  setCookie(reply, place, { name: SEEN_BY_UI, value: 'signed-in', maxAge, httpOnly: false })
}

export function clearSession(reply: FastifyReply, place: Place): void {
  setCookie(reply, place, { name: hostOnly(place, SESSION), value: '', maxAge: 0 })
  setCookie(reply, place, { name: SEEN_BY_UI, value: '', maxAge: 0, httpOnly: false })
}

export interface SessionCookie {
  readonly value: string
  /** Whether its person has signed out in MLflow's UI. */
  readonly isLeft: boolean
}

/** What the browser has of a session. */
export function findSessionCookie(request: FastifyRequest, place: Place): SessionCookie | undefined {
  if (request.headers.cookie === undefined) return undefined
  const cookies = cookiesOf(request)
  const value = cookies[hostOnly(place, SESSION)]
  return value ? { value, isLeft: cookies[SEEN_BY_UI] === undefined } : undefined
}

/** Has the browser keep what a sign-in began with until its person comes back from the provider. */
export function setSignIn(
  request: FastifyRequest,
  reply: FastifyReply,
  place: Place,
  { state, value, maxAge }: { readonly state: string; readonly value: string; readonly maxAge: number },
): void {
  const begun = Object.keys(cookiesOf(request)).filter((name) => name.startsWith(hostOnly(place, SIGN_IN)))
  for (const name of begun.slice(0, 1 - MOST_SIGN_INS))
    setCookie(reply, place, { name, value: '', maxAge: 0 })
  setCookie(reply, place, { name: signInName(place, state), value, maxAge })
}

export function findSignIn(request: FastifyRequest, place: Place, state: string): string | undefined {
  return cookiesOf(request)[signInName(place, state)]
}

export function clearSignIn(reply: FastifyReply, place: Place, state: string): void {
  setCookie(reply, place, { name: signInName(place, state), value: '', maxAge: 0 })
}

/** The state comes from whoever asks: no more of it than may be part of a name. */
function signInName(place: Place, state: string): string {
  return hostOnly(place, SIGN_IN + state.replace(/[^\w-]/g, '').slice(0, 16))
}

/** A browser takes such a name from this very host, and over TLS only. */
function hostOnly(place: Place, name: string): string {
  return isOverTls(place) ? `__Host-${name}` : name
}

function isOverTls({ publicUrl }: Place): boolean {
  return publicUrl.startsWith('https:')
}

function setCookie(reply: FastifyReply, place: Place, cookie: SetCookie): void {
  const kept = { path: '/', sameSite: 'lax', secure: isOverTls(place), httpOnly: true } as const
  reply.header('set-cookie', stringifySetCookie({ ...kept, ...cookie }))
}

function cookiesOf(request: FastifyRequest): Record<string, string | undefined> {
  return parseCookie(request.headers.cookie ?? '')
}
