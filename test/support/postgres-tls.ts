import { execFile } from 'node:child_process'
import { chmod, chown, copyFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { temporaryFolder } from '../server/support.ts'
import { query, uriOf } from './postgres.ts'

/** Lets a cluster speak TLS, with a certificate for db.test that is its own authority; `other` is another one. */
export async function turnOnTls({
  folder,
  port,
}: {
  folder: string
  port: number
}): Promise<{ ca: string; other: string }> {
  const own = await temporaryFolder()
  const make = (name: string) =>
    promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=db.test', '-addext', 'subjectAltName=DNS:db.test'],
      ...['-keyout', join(own, `${name}.key`), '-out', join(own, `${name}.crt`)],
    ])
  await make('server')
  await make('other')
  const { uid, gid } = await stat(join(folder, 'data'))
  for (const file of ['server.crt', 'server.key']) {
    const path = join(folder, 'data', file)
    await copyFile(join(own, file), path)
    await chmod(path, 0o600)
    await chown(path, uid, gid)
  }
  const admin = uriOf(port, 'postgres')
  for (const setting of ["ssl = 'on'", "ssl_cert_file = 'server.crt'", "ssl_key_file = 'server.key'"]) {
    await query(admin, `alter system set ${setting}`)
  }
  await query(admin, 'select pg_reload_conf()')
  await delay(300)
  return { ca: join(own, 'server.crt'), other: join(own, 'other.crt') }
}
