/** Rules that hold for every resource of a stack, whoever forks it: `stacks/policy-pack/` lets Pulumi enforce them. */
import type { ResourceValidationPolicy } from '@pulumi/policy'

type Props = Readonly<Record<string, unknown>>

interface Rule {
  readonly name: string
  readonly description: string
  readonly type: string
  /** Names of what is wrong with a resource. */
  readonly broken: (props: Props) => readonly string[]
}

/** Properties that have not the value they must have. */
const unless = (wanted: Props) => (props: Props) =>
  Object.entries(wanted).flatMap(([name, value]) =>
    JSON.stringify(props[name]) === JSON.stringify(value) ? [] : [`${name} must be ${JSON.stringify(value)}`],
  )

const RULES: readonly Rule[] = [
  {
    name: 'containers-are-confined',
    description: 'A container that runs writes to its volumes only, gains no rights, and has limits.',
    type: 'docker:index/container:Container',
    broken: (props) =>
      props.start === false || props.attach === true
        ? unconfined(props)
        : [...unconfined(props), ...unlimited(props)],
  },
  {
    name: 'buckets-are-private',
    description: 'Nothing about a bucket may be public.',
    type: 'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
    broken: unless({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    }),
  },
  {
    name: 'databases-are-closed',
    description:
      'A database is encrypted, reachable from inside only, backed up, and not deleted by mistake.',
    type: 'aws:rds/instance:Instance',
    broken: (props) => [
      ...unless({ storageEncrypted: true, publiclyAccessible: false, deletionProtection: true })(props),
      ...(Number(props.backupRetentionPeriod ?? 0) > 0 ? [] : ['backupRetentionPeriod must be 1 or more']),
      ...(props.password === undefined ? [] : ['password must be left to RDS: manageMasterUserPassword']),
    ],
  },
  {
    name: 'databases-speak-tls-only',
    description: 'A database takes no connection that can be read on its way.',
    type: 'aws:rds/parameterGroup:ParameterGroup',
    broken: ({ parameters = [] }) =>
      (parameters as { name: string; value: string }[]).some(
        ({ name, value }) => name === 'rds.force_ssl' && value === '1',
      )
        ? []
        : ['parameters must hold rds.force_ssl=1'],
  },
  {
    name: 'databases-are-verified',
    description: 'A server makes sure that its database on RDS is the one it means.',
    type: 'docker:index/container:Container',
    broken: ({ envs = [] }) =>
      (envs as string[])
        .filter((one) => one.includes('.rds.amazonaws.com') && !one.includes('sslmode=verify-full'))
        .map((one) => `${one.split('=')[0]} must say sslmode=verify-full`),
  },
  {
    name: 'rights-are-named',
    description: 'No user of a stack may do everything, or act on everything.',
    type: 'aws:iam/userPolicy:UserPolicy',
    broken: ({ policy }) =>
      /"(\w+:)?\*"/.test(String(policy)) ? ['policy must name actions and resources, not *'] : [],
  },
]

function unconfined(props: Props): string[] {
  return [
    ...unless({ capabilities: { ...(props.capabilities as object), drops: ['ALL'] } })(props),
    ...(String(props.securityOpts).includes('no-new-privileges')
      ? []
      : ['securityOpts must hold no-new-privileges']),
    ...(props.privileged ? ['privileged must not be set'] : []),
    // One that is not started runs as nobody.
    ...(props.start !== false && /^(0|root)?(:|$)/.test(String(props.user ?? ''))
      ? ['user must be another than root']
      : []),
  ]
}

function unlimited(props: Props): string[] {
  const missing = ['memory', 'cpus', 'healthcheck', 'logOpts'].filter((name) => !props[name])
  return [...unless({ readOnly: true })(props), ...missing.map((name) => `${name} must be set`)]
}

/** For a PolicyPack of one's own. */
export const POLICIES: readonly ResourceValidationPolicy[] = RULES.map(
  ({ name, description, type, broken }) => ({
    name,
    description,
    enforcementLevel: 'mandatory',
    validateResource: (resource, report) => {
      if (resource.type === type) for (const problem of broken(resource.props)) report(problem)
    },
  }),
)
