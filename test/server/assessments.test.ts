import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { call, testApp } from './support.ts'
import { infoOf, TRACES, traceIds } from './trace-data.ts'

const PATH = `${TRACES}/tr-1/assessments`
const SOURCE = { source_type: 'HUMAN', source_id: 'ann' }

async function tracedApp(assessments: object[] = []): Promise<FastifyInstance> {
  const app = await testApp()
  await call(app, 'POST', TRACES, { trace: { trace_info: infoOf('tr-1', { assessments }) } })
  return app
}

async function say(app: FastifyInstance, assessment: object) {
  return call(app, 'POST', PATH, { assessment: { assessment_name: 'good', source: SOURCE, ...assessment } })
}

describe('assessments', () => {
  it.each([
    ['feedback', { value: true }],
    ['feedback', { value: 0.5 }],
    ['feedback', { value: { a: [1, null, 'x'] } }],
    ['feedback', { value: null, error: { error_code: 'E', error_message: 'm' } }],
    ['expectation', { value: 'yes' }],
    ['issue', { issue_name: 'slow' }],
  ])('keep %s %j', async (type, value) => {
    const app = await tracedApp()
    const { body } = await say(app, { [type]: value, rationale: 'r', metadata: { k: 'v' }, span_id: 's' })
    expect(body.assessment).toMatchObject({
      assessment_name: 'good',
      trace_id: 'tr-1',
      span_id: 's',
      source: SOURCE,
      rationale: 'r',
      metadata: { k: 'v' },
      valid: true,
    })
    expect(body.assessment[type]).toEqual(value)
    expect((await call(app, 'GET', `${PATH}/${body.assessment.assessment_id}`)).body).toEqual(body)
  })

  it('give expectations that are no plain values as text', async () => {
    const app = await tracedApp()
    const { body } = await say(app, { expectation: { value: { a: 1 } } })
    expect(body.assessment.expectation).toEqual({
      serialized_value: { serialization_format: 'JSON_FORMAT', value: '{"a": 1.0}' },
    })
    const asText = { serialized_value: { serialization_format: 'JSON_FORMAT', value: '{"a": 1}' } }
    expect((await say(app, { expectation: asText })).body.assessment.expectation).toEqual(asText)
  })

  it('come with a trace, and are shown with it', async () => {
    const app = await tracedApp([
      {
        assessment_name: 'good',
        feedback: { value: 'yes' },
        source: SOURCE,
        create_time: '2025-01-01T00:00:00Z',
      },
    ])
    const { body } = await call(app, 'GET', `${TRACES}/tr-1`)
    expect(body.trace.trace_info.assessments).toMatchObject([
      { feedback: { value: 'yes' }, create_time: '2025-01-01T00:00:00Z' },
    ])
  })

  it('take the place of another, which counts again when they are deleted', async () => {
    const app = await tracedApp()
    const first = (await say(app, { feedback: { value: true } })).body.assessment.assessment_id
    const second = (await say(app, { feedback: { value: false }, overrides: first })).body.assessment
      .assessment_id
    const isValid = async () => (await call(app, 'GET', `${PATH}/${first}`)).body.assessment.valid
    expect(await isValid()).toBe(false)
    expect(await traceIds(app, { filter: "feedback.good = 'true'" })).toEqual([])
    for (let times = 0; times < 2; times++) await call(app, 'DELETE', `${PATH}/${second}`)
    expect(await isValid()).toBe(true)
    expect((await say(app, { feedback: { value: 1 }, overrides: 'a-no' })).status).toBe(404)
  })

  it('change where the mask says so', async () => {
    const app = await tracedApp()
    const created = (await say(app, { feedback: { value: true }, rationale: 'r', metadata: { k: 'v' } })).body
    const path = `${PATH}/${created.assessment.assessment_id}`
    const assessment = {
      assessment_name: 'n',
      feedback: { value: 'no' },
      rationale: 'q',
      metadata: { z: '1' },
    }
    const update_mask = 'assessmentName,feedback,metadata'
    expect((await call(app, 'PATCH', path, { assessment, update_mask })).body.assessment).toMatchObject({
      assessment_name: 'n',
      feedback: { value: 'no' },
      rationale: 'r',
      metadata: { k: 'v', z: '1' },
    })
    const other = { assessment: { expectation: { value: 1 } }, update_mask: 'expectation' }
    expect((await call(app, 'PATCH', path, other)).status).toBe(400)
    expect((await call(app, 'PATCH', path, { assessment })).status).toBe(400)
    expect((await call(app, 'PATCH', `${PATH}/a-no`, { assessment, update_mask })).status).toBe(404)
  })

  it('are found by their values, and through the session they are about', async () => {
    const app = await testApp()
    for (const [id, session] of [
      ['tr-1', 's'],
      ['tr-2', 's'],
      ['tr-3', 't'],
    ] as const) {
      const trace_metadata = { 'mlflow.trace.session': session }
      await call(app, 'POST', TRACES, { trace: { trace_info: infoOf(id, { trace_metadata }) } })
    }
    await say(app, { feedback: { value: 0.5 } })
    await say(app, {
      assessment_name: 'polite',
      feedback: { value: 'yes' },
      metadata: { 'mlflow.trace.session': 's' },
    })
    const found = (filter: string) => traceIds(app, { filter })
    expect(await found('feedback.good > 0.4')).toEqual(['tr-1'])
    expect(await found('feedback.good > 0.6')).toEqual([])
    expect(await found("feedback.polite = 'yes'")).toEqual(['tr-1', 'tr-2'])
    expect(await found('feedback.polite IS NULL')).toEqual(['tr-3'])
    expect(await found("expectation.polite = 'yes'")).toEqual([])
  })

  it('are refused without a value or a trace', async () => {
    const app = await tracedApp()
    expect((await say(app, {})).status).toBe(400)
    const assessment = { assessment_name: 'n', feedback: { value: 1 } }
    expect((await call(app, 'POST', `${TRACES}/no/assessments`, { assessment })).status).toBe(404)
    expect((await call(app, 'GET', `${PATH}/a-no`)).status).toBe(404)
  })

  it('are refused with a value nested without end', async () => {
    const app = await tracedApp()
    const nested = `${'['.repeat(5000)}${']'.repeat(5000)}`
    const serialized = { serialization_format: 'JSON_FORMAT', value: nested }
    for (const said of [
      `"feedback": {"value": ${nested}}`,
      `"expectation": {"value": ${nested}}`,
      `"expectation": {"serialized_value": ${JSON.stringify(serialized)}}`,
      `"assessment_name": ${nested}`,
    ]) {
      const { statusCode } = await app.inject({
        method: 'POST',
        url: PATH,
        headers: { 'content-type': 'application/json' },
        payload: `{"assessment": {${said}}}`,
      })
      expect([said.slice(0, 40), statusCode]).toEqual([said.slice(0, 40), 400])
    }
  })
})
