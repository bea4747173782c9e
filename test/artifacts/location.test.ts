import { describe, expect, it, onTestFinished } from 'vitest'
import { artifactStores } from '../../server/artifacts/index.ts'
import { openLocalArtifactStore } from '../../server/artifacts/local.ts'
import { isUnder, locateArtifacts } from '../../server/artifacts/location.ts'
import { checkArtifactLocation } from '../../server/artifacts/location-check.ts'
import { type Config, parseConfig } from '../../server/config.ts'
import { temporaryFolder } from '../server/support.ts'

const OWN = '/srv/artifacts'

function configWith(settings: Partial<Config> = {}): Config {
  return { ...parseConfig({}), artifactsDestination: OWN, ...settings }
}

describe('an artifact location a client asks for', () => {
  it.each([
    'mlflow-artifacts:/team/a b',
    'mlflow-artifacts:///team',
    '/srv/artifacts/team',
    'file:///srv/artifacts/team',
    'file://localhost/srv/artifacts',
  ])('may be %s', (location) => {
    expect(checkArtifactLocation(location, configWith())).toBe(location)
  })

  it.each([
    ['A09', 'http:///?/../../../etc/'],
    ['A09', 'mlflow-artifacts:/x?/../../../etc/'],
    ['A09', 'mlflow-artifacts:/x?y'],
    ['A10', 'http:///#/../../../etc/'],
    ['A10', 'mlflow-artifacts:/x#/../../../etc/'],
    ['A11', 'http://x/;..%2f..%2fetc'],
    ['A11', 'mlflow-artifacts:/x;..%2f..%2fetc'],
    ['A12', 'file:///any/dir'],
    ['A12', '/any/dir'],
    ['A12', '/srv/artifacts-of-others'],
    ['A12', 'file:///srv/artifacts/../../etc'],
    ['A12', 'file:///srv/artifacts/%2e%2e/x'],
    ['A12', 'FILE:///etc'],
    ['A12', 'relative/folder'],
    ['A12', 'file://host/share'],
    ['A12', 'C:\\data'],
    ['A18', 'dbfs:/'],
    ['A30', 'http://127.0.0.1:1/api/2.0/mlflow-artifacts/artifacts/x'],
    ['A30', 'ftp://127.0.0.1:1/x'],
    ['A30', 'mlflow-artifacts://127.0.0.1:1/x'],
    ['A32', 's3://someone-elses-bucket/private/'],
    ['', 'mlflow-artifacts:/../x'],
    ['', 'mlflow-artifacts:/%252e%252e/x'],
    ['', 'runs:/r/x'],
    ['', 'models:/m/1'],
    ['', `mlflow-artifacts:/${'x'.repeat(2048)}`],
  ])('%s may not be %s', (_attack, location) => {
    expect(() => checkArtifactLocation(location, configWith())).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETER_VALUE' }),
    )
  })

  it('may have no fragment, as in MLflow', () => {
    expect(() => checkArtifactLocation('mlflow-artifacts:/x#y', configWith())).toThrow(
      "'artifact_location' URL can't include fragments or params.",
    )
  })

  it('may be below a root that the operator allows, and nowhere beside it', () => {
    const config = configWith({ allowedArtifactRoots: ['s3://bucket/team', 'gs://', '/data/shared'] })
    for (const location of [
      's3://bucket/team',
      's3://bucket/team/x',
      'gs://any/x',
      'file:///data/shared/x',
    ]) {
      expect(checkArtifactLocation(location, config)).toBe(location)
    }
    for (const location of ['s3://bucket/team2', 's3://bucket', 's3://other/team', 's3://bucket/team/../x']) {
      expect(() => checkArtifactLocation(location, config)).toThrow()
    }
  })

  it('may be below the default root', () => {
    const config = configWith({ defaultArtifactRoot: '/mnt/runs' })
    expect(checkArtifactLocation('/mnt/runs/7', config)).toBe('/mnt/runs/7')
  })

  it('becomes absolute when it is a relative folder inside an allowed one', () => {
    const config = configWith({ artifactsDestination: './mlartifacts' })
    expect(checkArtifactLocation('mlartifacts/x', config)).toBe(`${process.cwd()}/mlartifacts/x`)
  })
})

describe('isUnder', () => {
  it('compares hosts without case and paths with it', () => {
    expect(isUnder('s3://Bucket/a', 's3://bucket')).toBe(true)
    expect(isUnder('S3://bucket/a', 's3://bucket/a/')).toBe(true)
    expect(isUnder('s3://bucket/A', 's3://bucket/a')).toBe(false)
    expect(isUnder('mlflow-artifacts://host/x', 'mlflow-artifacts:/')).toBe(false)
  })
})

describe('locating stored artifacts', () => {
  async function locate(uri: string, settings: Partial<Config> = {}) {
    const artifacts = await openLocalArtifactStore(await temporaryFolder())
    const config = configWith(settings)
    const stores = artifactStores(config)
    onTestFinished(() => stores.close())
    const place = await locateArtifacts(uri, { config, artifacts, artifactStores: stores })
    return { isOwn: place.store === artifacts, path: place.path, uri: place.store.uri }
  }

  it.each([
    'mlflow-artifacts:/1/run/artifacts',
    'mlflow-artifacts:///1/run/artifacts',
    'mlflow-artifacts://host:5000/1/run/artifacts',
    'http://host:5000/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts',
    'https://host/prefix/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts',
  ])('finds %s in its own store', async (uri) => {
    expect(await locate(uri)).toMatchObject({ isOwn: true, path: '1/run/artifacts' })
  })

  it('finds a folder in the configured one that holds it', async () => {
    expect(await locate(`file://${OWN}/1/run`)).toEqual({ isOwn: false, uri: OWN, path: '1/run' })
    const settings = { defaultArtifactRoot: 'file:///mnt/a%20b' }
    expect(await locate('file:///mnt/a%20b/1', settings)).toMatchObject({ path: '1' })
  })

  it('finds what is in S3 below the root that holds it, whatever the bucket where all are allowed', async () => {
    const one = { allowedArtifactRoots: ['s3://bucket/team/'] }
    expect(await locate('s3://bucket/team/1/a b', one)).toEqual({
      isOwn: false,
      uri: 's3://bucket/team',
      path: '1/a b',
    })
    expect(await locate('s3://other/x', { allowedArtifactRoots: ['s3://'] })).toMatchObject({
      uri: 's3://other',
      path: 'x',
    })
  })

  it.each([
    's3://other/team/x',
    's3://bucket/teams/x',
    's3://bucket/x',
    's3:///team/x',
    's3:/bucket/team/x',
    's3://bucket/team/../x',
    's3://bucket/team/%252e%252e/x',
    's3://bucket@other/team/x',
    's3://bucket/team/x?versionId=1',
  ])('refuses %s where s3://bucket/team is allowed', async (uri) => {
    const settings = { allowedArtifactRoots: ['s3://bucket/team'] }
    await expect(locate(uri, settings)).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })

  it.each([
    's3://bucket/x',
    'file:///etc',
    '/etc',
    'file://host/etc',
    `${OWN}/../../etc`,
    'file:%2f%2f%2fetc',
    'mlflow-artifacts:/../x',
  ])('refuses %s', async (uri) => {
    await expect(locate(uri)).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })

  it.each(['gs://bucket/x', 'dbfs:/x', 'http://host/x', 'ftp://host/x', 'runs:/x'])(
    'says that it has no store for %s',
    async (uri) => {
      await expect(locate(uri)).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    },
  )

  it('has no store of its own with --no-serve-artifacts', async () => {
    await expect(locate('mlflow-artifacts:/1', { serveArtifacts: false })).rejects.toMatchObject({
      code: 'NOT_IMPLEMENTED',
    })
  })
})
