/** Sends a scenario's steps to one server and brings its answers into a form that two servers share. */
import { request } from 'node:http'
import type { Step } from './step.ts'

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly headers: Record<string, string>
  /** Parsed JSON, or text. */
  readonly body: unknown
}

export interface Client {
  /** Sends a step with its placeholders filled, and saves what the step asks for. */
  send(step: Step): Promise<Answer>
  /** What the steps have saved, by name. */
  readonly saved: ReadonlyMap<string, string>
}

export function openClient(url: string): Client {
  const saved = new Map<string, string>()
  return {
    saved,
    async send(step) {
      const filled = JSON.parse(fill(JSON.stringify(step), saved)) as Step
      const { status, headers, text } = await exchange(url, filled)
      const contentType = (headers['content-type'] ?? '').split(';')[0] ?? ''
      const body = contentType === 'application/json' ? parsed(text) : text
      for (const [name, path] of Object.entries(step.save ?? {})) {
        const value = at(body, path)
        if (value !== undefined) saved.set(name, String(value))
      }
      const compared = Object.fromEntries(
        (step.compareHeaders ?? []).map((name) => [name, headers[name] ?? '']),
      )
      const shared = sharedForm(saved, new URL(url).host)
      const answer: Answer = {
        status,
        contentType,
        headers: shared(compared) as Record<string, string>,
        body: shared(body),
      }
      const list = step.anyOrder === undefined ? undefined : at(answer.body, step.anyOrder)
      if (Array.isArray(list)) list.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
      return answer
    },
  }
}

function fill(json: string, saved: ReadonlyMap<string, string>): string {
  return json.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => saved.get(name) ?? whole)
}

interface Exchanged {
  readonly status: number
  readonly headers: Record<string, string>
  readonly text: string
}

/** A connection that is cut counts as an answer of status 0: MLflow cuts some that it stumbles over. */
function exchange(url: string, step: Step): Promise<Exchanged> {
  const body = step.raw ?? (step.json === undefined ? undefined : JSON.stringify(step.json))
  return new Promise((resolve) => {
    const cut = (error: Error) => resolve({ status: 0, headers: {}, text: error.message })
    const outgoing = request(url, {
      agent: false,
      method: step.method,
      // As it is: `URL` would resolve the dots of a hostile path.
      path: step.path + queryText(step.query),
      timeout: 20_000,
      headers: {
        ...(step.json !== undefined && { 'content-type': 'application/json' }),
        ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
        ...step.headers,
      },
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${step.method} ${step.path}`)))
    outgoing.on('error', cut)
    outgoing.on('response', (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      incoming.on('error', cut)
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers as Record<string, string>,
          text,
        }),
      )
    })
    outgoing.end(body)
  })
}

function queryText(query: Step['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    [value].flat().map((one) => [key, one as string]),
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, key) => (part as Record<string, unknown>)?.[key], value)
}

function parsed(text: string): unknown {
  try {
    // An int64 keeps its digits as a string: as numbers, two that differ could become one.
    return JSON.parse(text, (_key, value, context?: { source?: string }) =>
      typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
        ? /^-?\d+$/.test(context?.source ?? '')
          ? `int64 ${context?.source}`
          : value
        : value,
    )
  } catch {
    return text
  }
}

/** Puts names in the place of what two servers have each of their own: ids, times, addresses. */
export function sharedForm(saved: ReadonlyMap<string, string>, host?: string): (value: unknown) => unknown {
  const names = [...saved].filter(([, value]) => value.length >= 8).sort((a, b) => b[1].length - a[1].length)
  const experiment = (id: string): string => {
    const name = [...saved].find(([, value]) => value === id)?.[0]
    return name ? `{{${name}}}` : id === '0' ? id : '<experiment>'
  }
  const inText = (text: string): string => {
    let named = host ? text.replaceAll(host, '<host>') : text
    for (const [name, value] of names) named = named.replaceAll(value, `{{${name}}}`)
    return named
      .replace(/\b[0-9a-f]{32}\b/g, '<id>')
      .replace(/^[a-z]+-[a-z]+-\d{1,4}$/, '<generated name>')
      .replace(EXPERIMENT_IN_TEXT, (_whole, before: string, id: string) => before + experiment(id))
      .replace(/\b\d{13}\b/g, (digits) => (isNow(Number(digits)) ? '<now>' : digits))
  }
  const visit = (value: unknown, key = '', parent = ''): unknown => {
    if (typeof value === 'number') return isNow(value) ? '<now>' : value
    if (typeof value === 'string') {
      if (EXPERIMENT_FIELDS.has(key)) return experiment(value)
      return isToken(key) ? visit(tokenContent(value)) : inText(value)
    }
    if (Array.isArray(value))
      return inOrder(
        value.map((item) => visit(item, singular(key))),
        key,
        parent,
      )
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, visit(item, name, key)]))
  }
  return (value) => visit(value)
}

/** Refusing an experiment that MLflow creates moves every later id, so ids are compared by who they stand for. */
const EXPERIMENT_FIELDS = new Set(['experiment_id', 'experimentId'])
const EXPERIMENT_IN_TEXT =
  /(mlflow-artifacts:\/|(?:artifact|file): '|[Ee]xperiment (?:with )?(?:id[ =:]*|ID )?'?|experiment_id[=:] ?'?)(\d+)\b/g

function singular(key: string): string {
  return key === 'experiment_ids' ? 'experiment_id' : ''
}

function isNow(value: number): boolean {
  return Math.abs(value - Date.now()) < 86_400_000
}

function isToken(key: string): boolean {
  return key === 'next_page_token' || key === 'nextPageToken'
}

/** A page token is text of the server's own; that it stands for the same place is what matters. */
function tokenContent(token: string): unknown {
  const text = Buffer.from(token, 'base64').toString()
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Text by which equal values sort alike, whatever the order of their fields. */
function sortKey(value: unknown): string {
  const fields = value !== null && typeof value === 'object' ? Object.entries(value).sort() : value
  return JSON.stringify(fields)
}

/** Sorts the lists that stand for a map, whose order in MLflow's answer is the database's. */
function inOrder(items: unknown[], key: string, parent: string): unknown[] {
  const isMap = ['tags', 'params', 'aliases'].includes(key) || (key === 'metrics' && parent === 'data')
  return isMap ? items.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)) : items
}
