import { describe, expect, it } from 'vitest'
import { type ConfigError, parseConfig } from '../../server/config.ts'

const COMPLETE = {
  TRACKYARD_LOGIN: 'oidc',
  TRACKYARD_OIDC_ISSUER: 'https://id.example.com',
  TRACKYARD_OIDC_CLIENT_ID: 'trackyard',
  TRACKYARD_OIDC_CLIENT_SECRET: 'the-secret',
  TRACKYARD_PUBLIC_URL: 'https://mlflow.example.com',
  MLFLOW_FLASK_SERVER_SECRET_KEY: 'a key that is long enough to be one',
}

function problemsOf(changes: Record<string, string>): readonly string[] {
  try {
    parseConfig({ ...COMPLETE, ...changes })
    return []
  } catch (error) {
    return (error as ConfigError).problems
  }
}

describe('the settings of the sign-on', () => {
  it('are complete so', () => {
    expect(problemsOf({})).toEqual([])
    expect(problemsOf({ TRACKYARD_PUBLIC_URL: 'http://127.0.0.1:5000' })).toEqual([])
  })

  it.each([
    'TRACKYARD_OIDC_ISSUER',
    'TRACKYARD_OIDC_CLIENT_ID',
    'TRACKYARD_PUBLIC_URL',
    'MLFLOW_FLASK_SERVER_SECRET_KEY',
  ])('are not without %s', (name) => {
    expect(problemsOf({ [name]: '' })).toEqual([`TRACKYARD_LOGIN has oidc: ${name} must be set too`])
  })

  it.each([
    ['TRACKYARD_OIDC_ISSUER', 'http://id.example.com'],
    ['TRACKYARD_OIDC_ISSUER', 'https://user:password@id.example.com'],
    ['TRACKYARD_PUBLIC_URL', 'http://mlflow.example.com'],
    ['TRACKYARD_PUBLIC_URL', 'https://mlflow.example.com/mlflow'],
    ['TRACKYARD_PUBLIC_URL', 'https://mlflow.example.com?a=b'],
    ['TRACKYARD_OIDC_SCOPES', 'email profile'],
    ['TRACKYARD_OIDC_ALGORITHMS', 'RS256,HS256'],
    ['TRACKYARD_OIDC_ALGORITHMS', 'none'],
    ['TRACKYARD_SESSION_HOURS', '0'],
    ['TRACKYARD_OIDC_CLIENT_SECRET_FILE', '/run/secrets/oidc'],
    ['MLFLOW_FLASK_SERVER_SECRET_KEY', 'short'],
    ['MLFLOW_FLASK_SERVER_SECRET_KEY', `${'a'.repeat(40)},short`],
    ['TRACKYARD_LOGIN', 'basic'],
    ['TRACKYARD_LOGIN', ''],
  ])('are refused in one line with %s=%s', (name, value) => {
    const problems = problemsOf({ [name]: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]).not.toMatch(/\n|the-secret|a key that is long/)
  })
})
