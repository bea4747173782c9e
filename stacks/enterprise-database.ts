/** The database of an EnterpriseStack as its options say. */
import { type Stack, Token } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as rds from 'aws-cdk-lib/aws-rds'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type { ExistingDatabaseProps, NewDatabaseProps } from '../constructs/cdk/database.ts'
import { requireAuthority } from '../constructs/rds-authorities.ts'
import type { TrackingSettingsInput } from '../constructs/settings.ts'
import type { DatabaseOptions } from './options/database.ts'

interface Place {
  readonly vpc: ec2.IVpc
  readonly vpcSubnets: ec2.SubnetSelection
  readonly logKey: kms.IKey
}

export function databaseProps(
  scope: Stack,
  { existing, instanceType, name, authority, tls, ...options }: DatabaseOptions,
  place: Place,
): NewDatabaseProps | ExistingDatabaseProps {
  if (tls === 'verify-full' && !Token.isUnresolved(scope.region)) requireAuthority(scope.region, authority)
  const { login, maxConnections } = options
  const common = { databaseName: name, login, ...(maxConnections !== undefined && { maxConnections }) }
  if (existing) return { ...common, ...importInstance(scope, existing) }
  const { multiAz, storageGiB, maxStorageGiB, backupDays, deletionProtection, readReplica, proxy } = options
  const given = { multiAz, storageGiB, maxStorageGiB, backupDays, deletionProtection, readReplica, proxy }
  return {
    ...common,
    ...place,
    ...(Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    ) as Partial<NewDatabaseProps>),
    ...(instanceType !== undefined && { instanceType: new ec2.InstanceType(instanceType) }),
  }
}

/** What the options say of the way to the database that `found` describes. */
export function databaseSettings(
  { tls, authority, poolSize, poolOverflow }: DatabaseOptions,
  found: Extract<TrackingSettingsInput['database'], { kind: 'postgres' }>,
): Extract<TrackingSettingsInput['database'], { kind: 'postgres' }> {
  return { ...found, tls, poolSize, poolOverflow, ...(tls === 'verify-full' && { authority }) }
}

function importInstance(scope: Stack, existing: NonNullable<DatabaseOptions['existing']>) {
  const { identifier, resourceId, host, port, securityGroupId, administratorKeyArn, storageKeyArn } = existing
  return {
    instance: rds.DatabaseInstance.fromDatabaseInstanceAttributes(scope, 'GivenDatabase', {
      instanceIdentifier: identifier,
      instanceEndpointAddress: host,
      port,
      securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(scope, 'GivenDatabaseGroup', securityGroupId)],
      ...(resourceId !== undefined && { instanceResourceId: resourceId }),
    }),
    administrator: secretsmanager.Secret.fromSecretAttributes(scope, 'GivenDatabaseAdministrator', {
      secretCompleteArn: existing.administratorSecretArn,
      ...(administratorKeyArn && {
        encryptionKey: kms.Key.fromKeyArn(scope, 'GivenDatabaseKey', administratorKeyArn),
      }),
    }),
    ...(storageKeyArn && { storageKey: kms.Key.fromKeyArn(scope, 'GivenStorageKey', storageKeyArn) }),
  }
}
