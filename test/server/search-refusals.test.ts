import type { FastifyInstance } from 'fastify'
import { beforeEach, describe, expect, it } from 'vitest'
import { findRuns, logRuns } from './search-data.ts'
import { call, testApp } from './support.ts'

let app: FastifyInstance

beforeEach(async () => {
  app = await testApp()
  await logRuns(app, [{ name: 'kept', params: { p: "o'brien" }, tags: { t: '100%' }, metrics: { m: 1 } }])
})

async function refusal(search: object): Promise<string> {
  const { status, body } = await call(app, 'POST', 'runs/search', { experiment_ids: ['0'], ...search })
  expect({ search, status, code: body.error_code }).toEqual({
    search,
    status: 400,
    code: 'INVALID_PARAMETER_VALUE',
  })
  return body.message
}

describe('a bad runs/search', () => {
  it('refuses filters MLflow has no meaning for', async () => {
    for (const [filter, message] of [
      ["params.p = '1' OR metrics.m > 1", "Invalid clause(s) in filter string: 'OR'"],
      ["NOT params.p = '1'", "Invalid clause(s) in filter string: 'NOT'"],
      ["(params.p = '1')", "Invalid clause(s) in filter string: '(params.p = '1')'"],
      ['metrics.m', "Invalid clause(s) in filter string: 'metrics.m'"],
      ["params.p = '1", "Invalid clause(s) in filter string: 'params.p', '=', ''', '1'"],
      ['   ', "Invalid filter '   '. Could not be parsed."],
      ["params.p='1'; params.q='2'", 'multiple expression'],
      ["foo.bar = '1'", "Invalid entity type 'foo'"],
      ["p = '1'", "Invalid attribute key 'p' specified"],
      ["lifecycle_stage = 'active'", "Invalid attribute key 'lifecycle_stage' specified"],
      ["dataset.source = 'x'", "Invalid dataset key 'source' specified"],
      ["metrics.m > '1'", "Expected numeric value type for metric. Found '1'"],
      ['metrics.m > 0x10', 'Invalid clause(s)'],
      ["metrics.m LIKE '1'", 'Expected numeric value type for metric'],
      ['metrics.m IS NULL', 'IS NULL / IS NOT NULL is only supported for tags and params'],
      ['metrics.m == 1', "Invalid comparator '=='"],
      ['params.p = 1', 'Expected a quoted string value for parameter'],
      ['params.p = abc', 'Parameter value is either not quoted'],
      ["params.p > '1'", "Invalid comparator '>'"],
      ["params.p IN ('1')", 'Expected a quoted string value for parameter'],
      ["params.p NOT LIKE '1'", "Invalid comparator 'NOT LIKE'"],
      ["tags.t RLIKE 'v'", "Invalid comparator 'RLIKE'"],
      ["status IN ('FINISHED')", "Only ['run_id'] attributes support"],
      ['run_id IN ()', 'got empty list'],
      ['run_id IN (1, 2)', 'different type in list'],
      ['run_id IN (abc)', 'ill-formed list'],
      ["run_id = ('a')", "Invalid comparator '='"],
      ["start_time > '5'", 'Expected numeric value type for numeric attribute: start_time'],
      ['start_time > 99999999999999999999', 'out of range'],
      ["'1' = params.p", "Expected 'Identifier' found ''1''"],
      ["params.from = 'x'", 'Invalid clause(s)'],
      ["params.p = 'a\u0000b'", 'NUL'],
    ] as const) {
      expect(await refusal({ filter })).toContain(message)
    }
  })

  it('refuses orders MLflow has no meaning for', async () => {
    for (const [clause, message] of [
      ['metrics.m DESC x', "Invalid order_by clause 'metrics.m DESC x'. Could not be parsed."],
      ['metrics.m NULLS', "Invalid ordering key in order_by clause 'metrics.m NULLS'."],
      ['metrics.m DESC NULLS LAST', 'Could not be parsed'],
      ['', 'Could not be parsed'],
      [' metrics.m', 'Could not be parsed'],
      ['metrics', "Invalid attribute key 'metrics' specified"],
      ['foo.bar', "Invalid entity type 'foo'"],
      ['dataset.name', "Invalid identifier type 'dataset'"],
      ['metrics.m; DROP TABLE runs', 'Could not be parsed'],
      ["metrics.m 'x", 'Could not be parsed'],
    ] as const) {
      expect(await refusal({ order_by: [clause] })).toContain(message)
    }
  })

  it('refuses a field that is ordered by twice', async () => {
    expect(await refusal({ order_by: ['metrics.m', 'metric.`m` DESC'] })).toContain('duplicate fields')
    expect(await refusal({ order_by: ['created', 'start_time'] })).toContain('duplicate fields')
  })

  it('refuses page tokens no server made', async () => {
    for (const [page_token] of [
      ['zzz'],
      ['%%%%'],
      ['e30='],
      [encoded('[]')],
      [encoded('null')],
      [encoded('{"offset": 0}')],
      [encoded('{"offset": -5}')],
      [encoded('{"offset": 1e30}')],
      [encoded('{"offset": [5]}')],
      [encoded('{"offset": "x"}')],
      [encoded('{"offset": 99999999999999999999}')],
    ] as const) {
      expect(await refusal({ page_token })).toContain('Invalid page token')
    }
  })

  it('refuses numbers of results below 1 and above 50000', async () => {
    for (const [max_results] of [[0], [-1], [50_001], [2 ** 31 - 1], [-(2 ** 31)]] as const) {
      expect(await refusal({ max_results })).toContain(
        `Invalid value ${max_results} for parameter 'max_results'`,
      )
    }
  })

  it('refuses an experiment id that is no number', async () => {
    expect(await refusal({ experiment_ids: ['0 OR 1=1'] })).toContain("Invalid experiment ID '0 OR 1=1'")
  })
})

describe('attack A54: searches out of all proportion', () => {
  const clauses = (count: number) =>
    Array.from({ length: count }, (_, i) => `metrics.m > -${i}`).join(' AND ')
  const keys = (count: number) => Array.from({ length: count }, (_, i) => `metrics.m${i} DESC`)

  it('are refused', async () => {
    for (const [, search] of [
      ['5000 clauses', { filter: clauses(5_000) }],
      ['65 clauses', { filter: clauses(65) }],
      ['3000 orders', { order_by: keys(3_000) }],
      ['an endless pattern', { filter: `params.p LIKE '${'%a'.repeat(30_000)}'` }],
      ['nothing but parentheses', { filter: '('.repeat(100_000) }],
      ['half-open brackets', { filter: 'a['.repeat(4_900) }],
      ['nothing but quotes', { filter: `'"\``.repeat(100_000) }],
      ['300 kB of spaces', { filter: `a${' '.repeat(300_000)}.` }],
      ['20,000 ids', { filter: `run_id NOT IN (${"'a',".repeat(20_000)})` }],
      ['300 kB of digits', { filter: `start_time > ${'9'.repeat(300_000)}` }],
    ] as const) {
      await refusal(search)
    }
  })

  it('are answered while a database can bear them', async () => {
    for (const [what, search, found] of [
      ['64 clauses', { filter: clauses(64) }, ['kept']],
      ['30 orders', { order_by: keys(30) }, ['kept']],
      ['a key of 300 kB', { filter: `params.${'k'.repeat(300_000)} = 'x'` }, []],
      ['a quoted key of 300 kB', { filter: `params.\`${'k'.repeat(300_000)}\` = 'x'` }, []],
      ['a value of 300 kB', { filter: `params.p = '${'\\'.repeat(300_000)}'` }, []],
      ['an order by 300 kB', { order_by: [`tags.${'k'.repeat(300_000)} DESC`] }, ['kept']],
      ['3000 ids', { filter: `run_id NOT IN (${"'a',".repeat(3_000)})` }, ['kept']],
    ] as const) {
      expect({ what, found: await findRuns(app, search) }).toEqual({ what, found })
    }
  })
})

describe('attack A55: SQL in a search', () => {
  it('is refused where a filter has no place for it', async () => {
    for (const [filter] of [
      ["params.p = 'x' OR 1=1"],
      ["params.p = 'x' UNION SELECT * FROM runs"],
      ["params.p = 'x'; DROP TABLE runs; --"],
      ["params.p = 'x' -- comment"],
      ["params.p = 'x' /* comment */"],
      ["params.p = 'x'' OR ''1''=''1"],
      ["params.p = 'x\\' OR '1'='1'"],
      ["run_id IN ('a') OR run_id IN (SELECT run_uuid FROM runs)"],
      ["run_id IN (SELECT 'a')"],
      ["lower(params.p) = 'x'"],
    ] as const) {
      await refusal({ filter })
      expect(await findRuns(app, {})).toEqual(['kept'])
    }
  })

  it('is taken for the text it is', async () => {
    for (const [filter, found] of [
      ["params.p = \"x' OR '1'='1\"", []],
      ["params.`p' OR '1'='1` = 'x'", []],
      ["params.`p\"` = 'x'", []],
      ["tags.t = '%'", []],
      ["tags.t LIKE '100\\%'", []],
      ["tags.t LIKE '100_'", ['kept']],
      ["params.p LIKE \"%' OR '1'='1\"", []],
      ['params.p = "o\'brien"', ['kept']],
      ["run_id IN (\"a') OR ('1'='1\")", []],
      ["run_id NOT IN (\"a') OR ('1'='1\")", ['kept']],
      ['metrics.`m") > 0 OR ("1` > 0', []],
    ] as const) {
      expect({ filter, found: await findRuns(app, { filter }) }).toEqual({ filter, found })
    }
  })

  it('is taken for the text it is in the key of an order', async () => {
    const clause = 'tags.`t", (SELECT 1); DROP TABLE runs; --` DESC'
    expect(await findRuns(app, { order_by: [clause] })).toEqual(['kept'])
    expect(await findRuns(app, {})).toEqual(['kept'])
  })
})

function encoded(json: string): string {
  return Buffer.from(json).toString('base64')
}
