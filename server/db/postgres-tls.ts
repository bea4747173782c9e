/** TLS to the database as libpq's `sslmode` means it. */
import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'

export interface Tls {
  /** False for none. */
  readonly options: ConnectionOptions | false
  /** Whether to go on without where the server has none. */
  readonly optional: boolean
}

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/**
 * @throws Error in one line for a mode that does not exist or a file that cannot be read
 */
export async function tlsOf({ searchParams }: URL): Promise<Tls> {
  const mode = searchParams.get('sslmode') ?? 'prefer'
  if (!isMode(mode)) throw new Error(`sslmode must be ${MODES.slice(0, -1).join(', ')} or ${MODES.at(-1)}`)
  if (mode === 'disable') return { options: false, optional: false }
  const root = searchParams.get('sslrootcert')
  // As libpq has it: who names a certificate authority with `require` wants it asked.
  const verified = mode.startsWith('verify') || (mode === 'require' && root !== null)
  return {
    options: {
      rejectUnauthorized: verified,
      ...(root !== null && root !== 'system' && { ca: await pem('sslrootcert', root) }),
      ...(await clientCertificate(searchParams)),
      ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    },
    optional: mode === 'prefer' || mode === 'allow',
  }
}

async function clientCertificate(parameters: URLSearchParams): Promise<ConnectionOptions> {
  const [cert, key] = [parameters.get('sslcert'), parameters.get('sslkey')]
  if (cert === null || key === null) return {}
  return { cert: await pem('sslcert', cert), key: await pem('sslkey', key) }
}

async function pem(parameter: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new Error(`${parameter} names ${path}, which cannot be read`, { cause })
  }
}

function isMode(mode: string): mode is (typeof MODES)[number] {
  return (MODES as readonly string[]).includes(mode)
}
