import { describe, expect, it } from 'vitest'
import { call, testApp } from './support.ts'

type App = Awaited<ReturnType<typeof testApp>>

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ')

async function errorsOf(app: App, query: string, settings: object = {}): Promise<string[]> {
  const { status, body } = await call(app, 'POST', '/graphql', { query, ...settings })
  expect(status).toBe(200)
  expect(body.data).toBeNull()
  return body.errors
}

describe('a hostile GraphQL query', () => {
  it.each([
    ['200 aliases', `{ ${times(200, (i) => `a${i}: test { output }`)} }`, /at most 10 root fields, got 200/],
    ['200 root fields', `{ ${times(200, () => 'test { output }')} }`, /at most 10 root fields, got 200/],
    [
      'root fields in a fragment',
      `{ ...F } fragment F on Query { ${times(11, () => 'test { output }')} }`,
      /at most 10 root fields, got 11/,
    ],
    [
      'root fields shared out among operations',
      times(11, (i) => `query Q${i} { test { output } }`),
      /at most 10 root fields, got 11/,
    ],
    [
      'aliases below the root',
      `{ test { ${times(11, (i) => `a${i}: output`)} } }`,
      /at most 10 aliases, got 11/,
    ],
    [
      'aliases shared out among fragments',
      `{ test { ${times(11, (i) => `...F${i}`)} } } ${times(11, (i) => `fragment F${i} on Test { a${i}: output }`)}`,
      /at most 10 aliases, got 11/,
    ],
    ['a deep query', `${'{ test '.repeat(11)}{ output }${'}'.repeat(11)}`, /maximum depth of 10/],
    ['a very deep query', `${'{ a '.repeat(4_000)}${'}'.repeat(4_000)}`, /maximum nesting/],
    [
      'a deep argument',
      `{ test(inputString: ${'['.repeat(4_000)}${']'.repeat(4_000)}) { output } }`,
      /nesting/,
    ],
    ['1,001 selections', `{ test { ${times(1_001, () => 'output')} } }`, /maximum total selections of 1000/],
    [
      'an unused fragment of 5,000 fields',
      `{ test { output } } fragment F on Test { ${times(5_000, () => 'output')} }`,
      /maximum total selections of 1000/,
    ],
    [
      'fragments that double at each level',
      `{ ...F0 } ${times(9, (i) => `fragment F${i} on Query { a { ...F${i + 1} } b { ...F${i + 1} } c { ...F${i + 1} } }`)} fragment F9 on Query { test { output } }`,
      /maximum total selections of 1000|maximum depth/,
    ],
    ['too many tokens', `{ ${times(11_000, () => '...F')} }`, /maximum length|selections/],
    [
      'a cycle of fragments',
      'fragment A on Query { ...B } fragment B on Query { ...A } { ...A }',
      /Cannot spread fragment "A" within itself via "B"/,
    ],
    [
      'a cycle through a field',
      'fragment A on Test { output ...B } fragment B on Test { ...A } { test { ...A } }',
      /Cannot spread fragment "A" within itself/,
    ],
    ['an unknown field', '{ nosuch }', /Cannot query field "nosuch" on type "Query"\.$/],
    ['text that is no GraphQL', '{ test( ', /Syntax Error/],
    ['a schema definition', 'type Query { a: String }', /not executable/],
  ])('%s is refused with 200 and a text', async (_name, query, expected) => {
    const errors = await errorsOf(await testApp(), query)
    expect(errors[0]).toMatch(expected)
  })

  it('takes what is just within the limits', async () => {
    const app = await testApp()
    const { body } = await call(app, 'POST', '/graphql', {
      query: `{ ${times(10, (i) => `a${i}: test(inputString: "x") { output }`)} }`,
    })
    expect(body.errors).toBeNull()
    expect(Object.keys(body.data)).toHaveLength(10)
  })

  it('keeps to the limits that are set', async () => {
    const app = await testApp({ graphqlMaxRootFields: 1, graphqlMaxAliases: 0 })
    expect((await errorsOf(app, '{ test { output } b: test { output } }'))[0]).toMatch(/MAX_ROOT_FIELDS/)
    expect((await errorsOf(app, '{ b: test { output } }'))[0]).toMatch(/at most 0 aliases.*MAX_ALIASES/)
  })

  it('answers introspection, within the same limits', async () => {
    const app = await testApp()
    const { body } = await call(app, 'POST', '/graphql', { query: '{ __schema { queryType { name } } }' })
    expect(body.data.__schema.queryType.name).toBe('Query')
    const deep = `{ __schema { types ${'{ fields { type '.repeat(6)} { name } ${'} }'.repeat(6)} } }`
    expect((await errorsOf(app, deep))[0]).toMatch(/maximum depth/)
  })

  it('refuses a value that is not of its type', async () => {
    const app = await testApp()
    const query =
      'query Q($input: MlflowGetRunInput) { mlflowGetRun(input: $input) { run { info { runId } } } }'
    expect((await errorsOf(app, query, { variables: { input: { runId: { a: 1 } } } }))[0]).toMatch(/runId/)
    expect((await errorsOf(app, query, { variables: { input: { nosuch: '1' } } }))[0]).toMatch(/nosuch/)
  })

  it.each([
    ['an array of queries', '[{"query":"{ test { output } }"}]'],
    ['no query', '{}'],
    ['a query that is not text', '{"query":{"a":1}}'],
    ['variables that are a list', '{"query":"{ test { output } }","variables":[1]}'],
    ['text that is not JSON', '{"query":'],
  ])('%s is a 400', async (_name, payload) => {
    const app = await testApp()
    const answer = await app.inject({
      method: 'POST',
      url: '/graphql',
      headers: { 'content-type': 'application/json' },
      payload,
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toHaveProperty('error_code')
  })

  it('answers GET with 405, where it would be open to cross-site requests', async () => {
    const app = await testApp()
    const answer = await app.inject({ url: '/graphql', query: { query: '{ test { output } }' } })
    expect(answer.statusCode).toBe(405)
    expect(answer.json().error_code).toBe('METHOD_NOT_ALLOWED')
  })

  it('refuses a form, which a page of another site can send', async () => {
    const app = await testApp()
    const answer = await app.inject({
      method: 'POST',
      url: '/graphql',
      headers: { 'content-type': 'text/plain' },
      payload: '{"query":"{ test { output } }"}',
    })
    expect(answer.statusCode).toBe(400)
  })
})
