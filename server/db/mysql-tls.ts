/** TLS to the database as MySQL's own `ssl_mode` means it, in the parameters of the drivers MLflow has. */
import { readFile } from 'node:fs/promises'
import type { SslOptions } from 'mysql2'
import type { DatabaseOptions } from './postgres-pool.ts'

export interface MysqlTls {
  /** False for none. */
  readonly options: SslOptions | false
  /** Whether to go on without where the server has none. */
  readonly optional: boolean
}

const MODES = ['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const
type Mode = (typeof MODES)[number]

/**
 * @throws Error in one line for a mode that does not exist or a file that cannot be read
 */
export async function mysqlTlsOf({ searchParams }: URL, options: DatabaseOptions): Promise<MysqlTls> {
  const file = (name: 'ssl_ca' | 'ssl_cert' | 'ssl_key') =>
    searchParams.get(name) || options.mysqlTls?.[name] || undefined
  const mode = modeOf(searchParams, file('ssl_ca') !== undefined)
  if (mode === 'DISABLED') return { options: false, optional: false }
  const [ca, cert, key] = await Promise.all([
    pem('ssl_ca', file('ssl_ca')),
    pem('ssl_cert', file('ssl_cert')),
    pem('ssl_key', file('ssl_key')),
  ])
  return {
    options: {
      rejectUnauthorized: mode.startsWith('VERIFY'),
      verifyIdentity: mode === 'VERIFY_IDENTITY',
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && key !== undefined && { cert, key }),
    },
    optional: mode === 'PREFERRED',
  }
}

function modeOf(parameters: URLSearchParams, hasAuthority: boolean): Mode {
  const named = parameters.get('ssl_mode')?.toUpperCase()
  if (named !== undefined) {
    const mode = MODES.find((one) => one === named)
    if (!mode) throw new Error(`ssl_mode must be ${MODES.slice(0, -1).join(', ')} or ${MODES.at(-1)}`)
    return mode
  }
  const isSet = (name: string) => /^(true|1|yes|on)$/i.test(parameters.get(name) ?? '')
  if (isSet('ssl_disabled')) return 'DISABLED'
  if (isSet('ssl_verify_identity') || isSet('ssl_check_hostname')) return 'VERIFY_IDENTITY'
  // As PyMySQL has it: who names a certificate authority wants it asked.
  return hasAuthority || isSet('ssl_verify_cert') ? 'VERIFY_CA' : 'PREFERRED'
}

async function pem(parameter: string, path: string | undefined): Promise<string | undefined> {
  try {
    return path === undefined ? undefined : await readFile(path, 'utf8')
  } catch (cause) {
    throw new Error(`${parameter} names ${path}, which cannot be read`, { cause })
  }
}
