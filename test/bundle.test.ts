import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from './server/support.ts'
import { bundleInto } from './support/bundle.ts'

const AWS = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', AWS_REGION: 'eu-central-1' }

describe('the bundle', () => {
  let folder: string
  let bundle: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trackyard-bundle-'))
    bundle = await bundleInto(folder)
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each([
    {
      TRACKYARD_DATABASE_SECRET: 'mlflow',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1',
      MLFLOW_BACKEND_STORE_URI: 'postgresql://127.0.0.1/mlflow',
    },
    {
      TRACKYARD_DATABASE_IAM_AUTH: 'true',
      MLFLOW_BACKEND_STORE_URI: 'postgresql://me@127.0.0.1:1/mlflow?sslmode=require',
    },
  ])('has what it loads when a setting asks for it: %o', async (settings) => {
    const cwd = await temporaryFolder()
    const refused = promisify(execFile)(process.execPath, [bundle, 'server'], {
      cwd,
      env: { ...AWS, ...settings },
    }).catch((error: { stderr: string }) => error)
    expect((await refused).stderr).toMatch(/^trackyard: .*: connect ECONNREFUSED 127\.0\.0\.1:1\n$/)
  })
})
