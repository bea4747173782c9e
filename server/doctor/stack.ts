import { readFile } from 'node:fs/promises'
import type { Environment } from '../config.ts'
import type { Stack } from './http.ts'

/**
 * The stack as MLflow's client of this environment would reach it.
 * @throws Error with a line a person can act on
 */
export async function stackOf(text: string, environment: Environment): Promise<Stack> {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new Error(`--url ${JSON.stringify(text)}: must be an http or https URL`)
  if (url.username || url.password)
    throw new Error('--url: a password on a command line is shown to everybody; use MLFLOW_TRACKING_PASSWORD')
  const file = environment.MLFLOW_TRACKING_SERVER_CERT_PATH
  return {
    url: text.replace(/\/+$/, ''),
    authorization: authorizationOf(environment),
    authorities: file ? await readFile(file, 'utf8') : '',
    insecure: environment.MLFLOW_TRACKING_INSECURE_TLS === 'true',
  }
}

function authorizationOf(environment: Environment): string {
  const { MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password = '' } = environment
  if (user) return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return environment.MLFLOW_TRACKING_TOKEN ? `Bearer ${environment.MLFLOW_TRACKING_TOKEN}` : ''
}
