/** What the EnterpriseStack asks of the servers' log, against the lines that a server writes. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { IFilterPattern } from 'aws-cdk-lib/aws-logs'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { LOG_METRICS } from '../../constructs/cdk/log-metrics.ts'
import { LOG_QUERIES } from '../../constructs/cdk/log-queries.ts'
import { startTrackyard } from '../support/mlflow.ts'

// biome-ignore lint/suspicious/noExplicitAny: lines have every shape
type Line = Record<string, any>

const ADMIN = `Basic ${Buffer.from('admin:a long enough password').toString('base64')}`

describe('the log of a server', () => {
  let lines: Line[]
  beforeAll(async () => {
    lines = await linesOfABadDay()
  }, 60_000)

  it.each(Object.entries(LOG_QUERIES))('has every field that the query "%s" asks for', (_name, query) => {
    const found = lines.filter((line) => isMeant(query.filterStatements[0], line))
    expect(found.length).toBeGreaterThan(0)
    for (const field of fieldsOf(query)) {
      expect(
        found.map((line) => valueAt(line, field)).filter((value) => value !== undefined),
        field,
      ).not.toEqual([])
    }
  })

  it.each(Object.entries(LOG_METRICS))('has lines for the metric %s, and others', (_name, metric) => {
    const counted = lines.filter((line) => matches(metric.pattern, line))
    expect(counted.length).toBeGreaterThan(0)
    expect(counted.length).toBeLessThan(lines.length)
    if ('value' in metric) {
      for (const line of counted) expect(valueAt(line, metric.value.slice(2))).toBeTypeOf('number')
    }
  })
})

/** Signs in wrongly, has a slow request, loses a table that a request needs, and the table of the audit log. */
async function linesOfABadDay(): Promise<Line[]> {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-'))
  const environment = {
    MLFLOW_APP_NAME: 'basic-auth',
    TRACKYARD_AUTH_DATABASE_URI: `sqlite:///${folder}/auth.db`,
    MLFLOW_AUTH_ADMIN_PASSWORD: 'a long enough password',
    TRACKYARD_LOG_LEVEL: 'info',
    // Every request is slow.
    TRACKYARD_SLOW_REQUEST_MS: '1',
  }
  const server = await startTrackyard({ folder, environment })
  const ask = async (authorization: string, path: string, body: object) => {
    const headers = { authorization, 'content-type': 'application/json' }
    const sent = { method: 'POST', headers, body: JSON.stringify(body) }
    return (await fetch(`${server.url}/api/2.0/mlflow/${path}`, sent)).status
  }
  const lines = () =>
    server
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
  try {
    expect(await ask('Basic d3Jvbmc6d3Jvbmc=', 'experiments/create', { name: 'a' })).toBe(401)
    expect(await ask(ADMIN, 'experiments/create', { name: 'a' })).toBe(200)
    damage(`${folder}/mlflow.db`, 'ALTER TABLE runs RENAME TO gone')
    expect(await ask(ADMIN, 'runs/create', { experiment_id: '0' })).toBe(500)
    damage(`${folder}/auth.db`, 'ALTER TABLE trackyard_audit RENAME TO gone')
    expect(await ask(ADMIN, 'experiments/create', { name: 'b' })).toBe(200)
    await vi.waitFor(
      () => expect(lines().map(({ msg }) => msg)).toContainEqual(expect.stringMatching(/^audit entries/)),
      10_000,
    )
  } finally {
    await server.stop()
    await rm(folder, { recursive: true })
  }
  return lines()
}

function damage(file: string, statement: string): void {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA legacy_alter_table = ON')
  database.exec(statement)
  database.close()
}

interface Query {
  readonly fields?: readonly string[]
  readonly filterStatements: readonly string[]
  readonly statsStatements?: readonly string[]
}

/** Every name in a query that is neither CloudWatch's own nor a word of the language. */
function fieldsOf({ fields = [], filterStatements, statsStatements = [] }: Query): string[] {
  const text = [...fields, ...filterStatements, ...statsStatements].join(' , ')
  const names = text.replace(/"[^"]*"| as \w+|@\w+/g, ' ').match(/[a-z][\w.]*(?![\w.(])/g) ?? []
  const found = names.filter((name) => !['and', 'by', 'in'].includes(name))
  expect(found.length).toBeGreaterThan(0)
  return found
}

function isMeant(filter: string, line: Line): boolean {
  const msg = /msg = "([^"]+)"/.exec(filter)?.[1]
  const isRefusal = !/audit.status in/.test(filter) || [401, 403, 429].includes(line.audit?.status)
  return (msg === undefined ? line.level >= 50 : line.msg === msg) && isRefusal
}

/** As CloudWatch Logs reads a pattern of one comparison. */
function matches(pattern: IFilterPattern, line: Line): boolean {
  const read = /^\{ \$\.([\w.]+) (=|>=) (.+) \}$/.exec(pattern.logPatternString)
  if (!read) throw new Error(`not understood: ${pattern.logPatternString}`)
  const [, field = '', operator, text = ''] = read
  const value = valueAt(line, field)
  if (operator === '>=') return value >= Number(text)
  if (!text.startsWith('"')) return value === Number(text)
  const expected: string = JSON.parse(text)
  return expected.endsWith('*') ? String(value).startsWith(expected.slice(0, -1)) : value === expected
}

// biome-ignore lint/suspicious/noExplicitAny: lines have every shape
function valueAt(line: Line, path: string): any {
  return path.split('.').reduce<Line | undefined>((value, name) => value?.[name], line)
}
