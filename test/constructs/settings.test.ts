import { describe, expect, it } from 'vitest'
import { trackingEnvironment } from '../../constructs/environment.ts'
import { parseSettings, SettingsError, type TrackingSettingsInput } from '../../constructs/settings.ts'
import { parseConfig } from '../../server/config.ts'

const ENTERPRISE: TrackingSettingsInput = {
  tier: 'enterprise',
  database: { kind: 'postgres', host: 'db.internal' },
  artifacts: { kind: 's3', bucket: 'models', prefix: 'team/a' },
}

const RDS = {
  kind: 'rds',
  vpcId: 'vpc-0a1b',
  subnetIds: ['subnet-0a', 'subnet-0b'],
  clients: ['10.0.1.5/32'],
}

describe('the settings of a stack', () => {
  it('fill in every default of the local tier', () => {
    expect(parseSettings({ tier: 'local' })).toMatchObject({
      name: 'trackyard',
      bindAddress: '127.0.0.1',
      port: 5000,
      database: { kind: 'sqlite', file: 'mlflow.db' },
      artifacts: { kind: 'local', folder: 'artifacts' },
      replicas: 1,
      workers: 1,
      drainSeconds: 25,
    })
  })

  it('fill in what only the team tier has', () => {
    expect(parseSettings({ tier: 'team' })).toMatchObject({
      database: { kind: 'container', memoryMiB: 1024, maxConnections: 200 },
      tls: { kind: 'internal' },
      login: 'basic',
      backup: { at: '02:30', keep: 14 },
      leaveSeconds: 5,
    })
    const { tls, login, backup, host } = parseSettings({ tier: 'local' })
    expect([tls, login, backup, host]).toEqual([undefined, undefined, undefined, undefined])
  })

  it('report every problem at once, each with its option, its value and what is allowed', () => {
    const input = { tier: 'local', prot: 5001, port: 70_000, logLevel: 'loud', staticPrefix: 'mlflow/' }
    expect(problemsOf(input)).toEqual([
      'port=70000: must be a whole number from 1 to 65535',
      'logLevel="loud": must be debug, info, warn, error or silent',
      expect.stringMatching(/^staticPrefix="mlflow\/": /),
      'prot: no such option; did you mean port?',
    ])
    expect(problemsOf({ tier: 'local', colour: 'green' })).toEqual([
      expect.stringMatching(/^colour: no such option; there are name, tier, /),
    ])
  })

  it("refuse what the server would refuse at its start, in the server's own words", () => {
    expect(problemsOf({ ...ENTERPRISE, workers: 65 })).toEqual([
      'workers=65: must be a whole number from 1 to 64',
    ])
    expect(problemsOf({ tier: 'local', drainSeconds: 1.5 })).toEqual([
      'drainSeconds=1.5: must be a whole number from 0 to 3600',
    ])
  })

  it('name the option of a database that does not exist, and hold no password', () => {
    const database = { kind: 'postgres', host: 'db.internal', password: 'hunter2' }
    expect(problemsOf({ ...ENTERPRISE, database })).toEqual([
      expect.stringMatching(/^database\.password: no such option; there are kind, host, port, name, tls/),
    ])
  })

  it.each([
    ['bindAddress', { tier: 'local', bindAddress: '0.0.0.0' }, /use 127\.0\.0\.1 or ::1/],
    ['database', { tier: 'local', database: { kind: 'postgres', host: 'db' } }, /leave database out/],
    ['database', { ...ENTERPRISE, database: { kind: 'sqlite' } }, /use kind postgres/],
    ['artifacts', { ...ENTERPRISE, artifacts: { kind: 'local' } }, /use kind s3/],
    ['workers', { tier: 'local', workers: 4 }, /set workers to 1, or use a database of kind postgres/],
    ['replicas', { tier: 'local', replicas: 2 }, /set replicas to 1, or use both/],
    ['tls', { tier: 'local', tls: { kind: 'internal' } }, /use the stack team/],
    ['backup', { tier: 'local', backup: {} }, /use the stack team/],
    ['host', { tier: 'local', host: 'ssh://me@there' }, /use the stack team/],
    ['hostName', { tier: 'local', hostName: 'mlflow.example.com' }, /use the stack team/],
    ['database', { tier: 'team', database: { kind: 'sqlite' } }, /leave it out for one in a container/],
    ['database', { ...ENTERPRISE, database: { kind: 'container' } }, /use kind postgres/],
    ['login', { tier: 'local', login: 'basic' }, /use the stack team/],
    ['artifacts', { tier: 'team', database: RDS }, /use kind s3, or a database of kind container/],
    ['hostName', { tier: 'team', bindAddress: '0.0.0.0' }, /say which name they use/],
    ['tls', { tier: 'team', tls: { kind: 'acme', email: 'ops@example.com' } }, /port to 443/],
  ])('refuse a contradiction at %s and say what to change', (option, input, change) => {
    const problems = problemsOf(input)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(new RegExp(`^${option}`))
    expect(problems[0]).toMatch(change)
  })
})

describe('the environment of a server container', () => {
  it('keeps the local tier in the data folder and listens on every address of the container', () => {
    expect(parseConfig(trackingEnvironment(parseSettings({ tier: 'local' })))).toMatchObject({
      host: '0.0.0.0',
      port: 5000,
      backendStoreUri: 'sqlite:////data/mlflow.db',
      artifactsDestination: '/data/artifacts',
    })
  })

  it('names the PostgreSQL database without a user and a password, and the bucket', () => {
    const config = parseConfig(trackingEnvironment(parseSettings({ ...ENTERPRISE, workers: 4 })))
    expect(config.backendStoreUri).toBe('postgresql://db.internal:5432/mlflow?sslmode=verify-full')
    expect(config.artifactsDestination).toBe('s3://models/team/a')
    expect(config.workers).toBe(4)
  })

  it('answers to the name that clients use, and takes what their browsers send from it', () => {
    const team = parseSettings({ tier: 'team', hostName: 'mlflow.example.com', port: 8443 })
    const environment = trackingEnvironment(team, { backendStoreUri: 'postgresql://mlflow@database/mlflow' })
    expect(parseConfig(environment)).toMatchObject({
      allowedHosts: ['mlflow.example.com', 'mlflow.example.com:*'],
      corsAllowedOrigins: ['https://mlflow.example.com:8443'],
      leaveSeconds: 5,
    })
  })

  it('is none before a database that the stack makes is there', () => {
    expect(() => trackingEnvironment(parseSettings({ tier: 'team' }))).toThrow(/must be made first/)
  })

  it('carries every option that is a setting of the server', () => {
    const chosen = {
      logLevel: 'debug',
      allowedHosts: ['mlflow.example.com', '*.internal'],
      corsAllowedOrigins: ['https://notebooks.example.com'],
      staticPrefix: '/mlflow',
      drainSeconds: 90,
    } as const
    const environment = trackingEnvironment(parseSettings({ tier: 'local', ...chosen }))
    expect(parseConfig(environment)).toMatchObject(chosen)
  })
})

function problemsOf(input: unknown): readonly string[] {
  try {
    parseSettings(input)
  } catch (error) {
    if (error instanceof SettingsError) return error.problems
    throw error
  }
  throw new Error('the settings were accepted')
}
