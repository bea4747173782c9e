import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { hasAuthority, RDS_AUTHORITIES } from '../../constructs/rds-authorities.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { temporaryFolder } from '../server/support.ts'
import { REPOSITORY } from '../support/installed.ts'

it('the authorities of RDS are in the file of the image, each a whole certificate that is still good', async () => {
  const folder = await temporaryFolder()
  const write = packageJson.scripts.postbundle.replace('dist-bundle', folder)
  await promisify(execFile)('sh', ['-c', write], { cwd: REPOSITORY })
  const text = await readFile(join(folder, RDS_AUTHORITIES.replace('/app/', '')), 'utf8')
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  const good = certificates
    .map((pem) => new X509Certificate(pem))
    .filter(({ validTo, ca }) => ca && Date.parse(validTo) > Date.now())
  const regions = good.flatMap(
    ({ subject }) => /Amazon RDS ([a-z]+-\S+) Root CA RSA2048/.exec(subject)?.[1] ?? [],
  )
  expect(regions).toEqual(expect.arrayContaining(['eu-central-1', 'us-east-1', 'ap-south-1']))
  for (const region of regions) expect(hasAuthority(region), region).toBe(true)
  // What RDS Proxy shows is of the authority that signs the certificates of load balancers.
  expect(good.some(({ subject }) => subject.includes('CN=Amazon Root CA 1'))).toBe(true)
})

it('a region whose authority is not there is known', () => {
  expect(hasAuthority('xx-nowhere-1')).toBe(false)
  expect(hasAuthority('eu-central')).toBe(false)
})
