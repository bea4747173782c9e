import { describe, expect, it } from 'vitest'
import { call, testApp } from './support.ts'

describe('experiments', () => {
  it('starts with the Default experiment', async () => {
    const app = await testApp()
    const { body } = await call(app, 'GET', 'experiments/get', { experiment_id: '0' })
    expect(body.experiment).toMatchObject({ name: 'Default', artifact_location: 'mlflow-artifacts:/0' })
  })

  it('creates an experiment with tags and gives it back by id and by name', async () => {
    const app = await testApp()
    const created = await call(app, 'POST', 'experiments/create', {
      name: 'a',
      tags: [{ key: 'k', value: 'v' }],
    })
    expect(created).toEqual({ status: 200, body: { experiment_id: '1' } })
    const byId = await call(app, 'GET', 'experiments/get', { experiment_id: '1' })
    const byName = await call(app, 'GET', 'experiments/get-by-name', { experiment_name: 'a' })
    expect(byId.body).toEqual(byName.body)
    expect(byId.body.experiment.tags).toEqual([{ key: 'k', value: 'v' }])
  })

  it('refuses a name that a deleted experiment holds', async () => {
    const app = await testApp()
    await call(app, 'POST', 'experiments/create', { name: 'a' })
    await call(app, 'POST', 'experiments/delete', { experiment_id: '1' })
    const again = await call(app, 'POST', 'experiments/create', { name: 'a' })
    expect(again.status).toBe(400)
    expect(again.body.error_code).toBe('RESOURCE_ALREADY_EXISTS')
  })

  it('answers RESOURCE_DOES_NOT_EXIST for an unknown id', async () => {
    const app = await testApp()
    const { status, body } = await call(app, 'GET', 'experiments/get', { experiment_id: '42' })
    expect(status).toBe(404)
    expect(body).toEqual({
      error_code: 'RESOURCE_DOES_NOT_EXIST',
      message: 'No Experiment with id=42 exists',
    })
  })

  it('keeps a relative artifact root as an absolute one', async () => {
    const app = await testApp({ defaultArtifactRoot: './somewhere' })
    const { body } = await call(app, 'GET', 'experiments/get', { experiment_id: '0' })
    expect(body.experiment.artifact_location).toBe(`${process.cwd()}/somewhere/0`)
  })
})
