/** What can be seen of a stack from where its clients are. */
import { randomBytes, randomUUID } from 'node:crypto'
import { MLFLOW_VERSION } from '../version.ts'
import { clockFinding } from './clock.ts'
import { type Check, type Finding, failed, ok, skipped, warning } from './finding.ts'
import { type Answer, ask, excerpt, type Stack } from './http.ts'
import { whyUnreachable } from './unreachable.ts'

/** As many bytes as show that a proxy passes bodies on, and few enough for every limit. */
const PROBE_BYTES = 65_536
const DAY_MS = 24 * 3600 * 1000
/** Programs that renew certificates do so earlier. */
const LEAST_DAYS = 14

const SEARCH = '/api/2.0/mlflow/experiments/search?max_results=1'

export const OUTSIDE: readonly Check<Stack>[] = [
  { name: 'reachable', run: checkReachable },
  { name: 'certificate', needs: 'reachable', run: checkCertificate },
  { name: 'version', needs: 'reachable', run: checkVersion },
  { name: 'stores', needs: 'reachable', run: checkStores },
  { name: 'host name', needs: 'reachable', run: checkHostName },
  { name: 'login', needs: 'reachable', run: checkLogin },
  { name: 'clock', needs: 'reachable', run: checkClock },
  { name: 'artifacts', needs: 'reachable', run: checkArtifacts },
]

async function checkReachable(stack: Stack): Promise<Finding> {
  let answer: Answer
  try {
    answer = await ask(stack, '/health')
  } catch (error) {
    return whyUnreachable(stack.url, error as NodeJS.ErrnoException)
  }
  const { status } = answer
  if (status === 200) return ok(`${stack.url} answers`)
  if (status === 502 || status === 503 || status === 504)
    return failed(
      `${stack.url}/health answers ${status}`,
      'a proxy is there and no server behind it: look at docker compose ps and the log of the servers',
    )
  return failed(
    `${stack.url}/health answers ${status}: ${excerpt(answer)}`,
    'another program is there, or the URL lacks the static prefix of the server: check the URL and its port',
  )
}

async function checkCertificate(stack: Stack): Promise<Finding> {
  const { certificate, askedAt } = await ask(stack, '/health')
  if (!certificate) return skipped('no TLS')
  const [from, until] = [Date.parse(certificate.valid_from), Date.parse(certificate.valid_to)]
  const days = Math.floor((until - askedAt) / DAY_MS)
  const found = `for ${certificate.subjectaltname ?? certificate.subject?.CN}, until ${new Date(until).toISOString()}`
  if (until <= askedAt) return failed(found, 'it has expired: renew it, and restart the proxy')
  // One that lives for days only is renewed by a program.
  const isShort = until - from < 7 * DAY_MS
  return days < LEAST_DAYS && !isShort
    ? warning(`${found}, ${days} days`, 'renew it, and restart the proxy')
    : ok(found)
}

async function checkVersion(stack: Stack): Promise<Finding> {
  const answer = await ask(stack, '/version')
  const version = excerpt(answer)
  if (answer.status !== 200 || !/^\d+\.\d+/.test(version))
    return failed(`/version answers ${answer.status}: ${version}`, 'this is no MLflow server: check the URL')
  return version === MLFLOW_VERSION
    ? ok(`MLflow ${version}`)
    : warning(
        `the server speaks MLflow ${version}, this command is of ${MLFLOW_VERSION}`,
        'use the doctor of the version that is running: docker compose exec server-1 trackyard doctor',
      )
}

async function checkStores(stack: Stack): Promise<Finding> {
  const { status, body } = await ask(stack, '/readyz')
  if (status === 200) return ok('database and artifact store answer')
  if (status === 404) return skipped('no /readyz: not a Trackyard server')
  const broken = /"(\w+)":\s*"failed"/.exec(body.toString())?.[1] ?? 'a store'
  return failed(
    `/readyz answers ${status}: ${broken} failed`,
    'run trackyard doctor where the server runs, with its environment; its log has the cause',
  )
}

async function checkHostName(stack: Stack): Promise<Finding> {
  const answer = await ask(stack, SEARCH)
  const { host } = new URL(stack.url)
  if (answer.status !== 403 || !/Invalid Host header/i.test(answer.body.toString()))
    return ok(`${host} is allowed`)
  return failed(
    `the server does not answer to the name ${host}`,
    `add it to MLFLOW_SERVER_ALLOWED_HOSTS (in Compose TEAM_HOST in .envs/team.env), start the servers again`,
  )
}

async function checkLogin(stack: Stack): Promise<Finding> {
  const [asked, anybody] = [await ask(stack, SEARCH), await ask(stack, SEARCH, { signedIn: false })]
  const name = 'MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (or MLFLOW_TRACKING_TOKEN)'
  if (asked.status === 401)
    return stack.authorization
      ? failed(
          'the server refuses these credentials',
          `correct ${name}; an administrator can set a new password`,
        )
      : failed('the server asks who you are', `set ${name}`)
  if (asked.status !== 200)
    return failed(`a search answers ${asked.status}: ${excerpt(asked)}`, 'see the log of the server')
  if (anybody.status === 401) return ok('on, and takes these credentials')
  return isLocal(stack.url)
    ? ok('off: whoever reaches the port may do everything')
    : warning(
        'off: whoever reaches the port may do everything',
        'let only people you trust reach it, or put a proxy before it that asks who is there',
      )
}

async function checkClock(stack: Stack): Promise<Finding> {
  const { headers, askedAt } = await ask(stack, '/health')
  const theirs = Date.parse(String(headers.date ?? ''))
  if (Number.isNaN(theirs)) return skipped('the answer has no Date')
  // A header has whole seconds.
  return clockFinding(askedAt - (theirs + 500), "the server's")
}

async function checkArtifacts(stack: Stack): Promise<Finding> {
  const folder = `/api/2.0/mlflow-artifacts/artifacts/0/trackyard-doctor-${randomUUID()}`
  const sent = randomBytes(PROBE_BYTES)
  const written = await ask(stack, `${folder}/probe.bin`, { method: 'PUT', body: sent })
  if (written.status === 401 || written.status === 403)
    return warning(
      'this user may not write to the experiment Default, so nothing was written',
      'run the doctor as an administrator',
    )
  if (written.status === 501 || written.status === 404)
    return skipped('this server takes no artifacts: clients keep them elsewhere')
  if (written.status === 413)
    return failed(
      'a proxy or the server refuses 64 KiB',
      'raise the limit of the proxy, or TRACKYARD_MAX_UPLOAD_BYTES',
    )
  if (written.status !== 200) return artifactFault('writing', written)
  const read = await ask(stack, `${folder}/probe.bin`)
  const deleted = await ask(stack, folder, { method: 'DELETE' })
  if (read.status !== 200) return artifactFault('reading', read)
  if (!read.body.equals(sent))
    return failed(
      'what was read is not what was written',
      'look for a proxy between here and there that changes bodies',
    )
  return deleted.status === 200 ? ok('written, read, compared, deleted') : artifactFault('deleting', deleted)
}

function artifactFault(what: string, answer: Answer): Finding {
  return failed(
    `${what} answers ${answer.status}: ${excerpt(answer)}`,
    'run trackyard doctor where the server runs: rights, disk space and the store are checked there',
  )
}

function isLocal(url: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname)
}
