/** Who may do what to which resource: the statements of every role, and of what has a policy of its own. */
import { z } from 'zod'
import { listOf, type Resource, resourcesOf, type Template, textOf, valueAt } from './template.ts'

const texts = z
  .unknown()
  .optional()
  .transform((value) => listOf(value).map(textOf))

const statement = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: texts,
  NotAction: texts,
  Resource: texts,
  NotResource: texts,
  Principal: z.unknown().optional().transform(principalsOf),
  Condition: z.record(z.string(), z.record(z.string(), texts)).default({}),
})

export type Statement = z.output<typeof statement>

/** A statement, and whose policy it is in. */
export interface Access {
  /** Logical id of the role, or of the resource whose policy this is. */
  readonly of: string
  /** The policy of an endpoint of the VPC allows nothing by itself: it says what may go that way. */
  readonly kind: 'role' | 'resource' | 'endpoint'
  readonly statement: Statement
}

const ENDPOINT = 'AWS::EC2::VPCEndpoint'

/** Where policies of resources are, and which property says whose they are. */
const RESOURCE_POLICIES: Readonly<Record<string, { readonly policy: string; readonly of?: string }>> = {
  'AWS::S3::BucketPolicy': { policy: 'PolicyDocument', of: 'Bucket' },
  'AWS::KMS::Key': { policy: 'KeyPolicy' },
  'AWS::SNS::TopicPolicy': { policy: 'PolicyDocument', of: 'Topics' },
  'AWS::SQS::QueuePolicy': { policy: 'PolicyDocument', of: 'Queues' },
  'AWS::SecretsManager::ResourcePolicy': { policy: 'ResourcePolicy', of: 'SecretId' },
  'AWS::Backup::BackupVault': { policy: 'AccessPolicy' },
  [ENDPOINT]: { policy: 'PolicyDocument' },
}

export function accessOf(template: Template): Access[] {
  return [...accessOfRoles(template), ...accessToResources(template)]
}

/** What the role itself may: a policy of a resource may take from it. */
export function statementsOfRole(template: Template, role: string): Statement[] {
  return accessOfRoles(template)
    .filter(({ of }) => of === role)
    .map(({ statement }) => statement)
}

/** Policies that AWS keeps, by role: what is in them is not in the template. */
export function policiesOfAws(template: Template): { readonly role: string; readonly policy: string }[] {
  return resourcesOf(template, 'AWS::IAM::Role').flatMap(([role, { Properties }]) =>
    listOf(Properties.ManagedPolicyArns)
      .map(textOf)
      .filter((policy) => policy.includes(':iam::aws:policy/'))
      .map((policy) => ({ role, policy: policy.slice(policy.indexOf(':policy/') + ':policy/'.length) })),
  )
}

/** Who may take a role on. */
export function trustOf(template: Template): { readonly role: string; readonly trusted: string[] }[] {
  return resourcesOf(template, 'AWS::IAM::Role').map(([role, { Properties }]) => ({
    role,
    trusted: statementsIn(Properties.AssumeRolePolicyDocument).flatMap(({ Principal }) => Principal),
  }))
}

function accessOfRoles(template: Template): Access[] {
  const inline = resourcesOf(template, 'AWS::IAM::Role').flatMap(([role, { Properties }]) =>
    listOf(Properties.Policies).flatMap((policy) =>
      accesses(role, 'role', valueAt(policy, 'PolicyDocument')),
    ),
  )
  const attached = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'].flatMap((type) =>
    resourcesOf(template, type).flatMap(([id, { Properties }]) =>
      rolesOf(template, id, Properties.Roles).flatMap((role) =>
        accesses(role, 'role', Properties.PolicyDocument),
      ),
    ),
  )
  return [...inline, ...attached]
}

/** By the policy's own list, and by the roles that name it. */
function rolesOf(template: Template, policy: string, listed: unknown): string[] {
  const naming = resourcesOf(template, 'AWS::IAM::Role')
    .filter(([, { Properties }]) =>
      listOf(Properties.ManagedPolicyArns).map(textOf).includes(`\${${policy}}`),
    )
    .map(([role]) => role)
  return [...new Set([...listOf(listed).map(textOf).map(logicalId), ...naming])]
}

function accessToResources(template: Template): Access[] {
  return Object.entries(RESOURCE_POLICIES).flatMap(([type, { policy, of }]) =>
    resourcesOf(template, type).flatMap(([id, { Properties }]) =>
      whose(id, Properties, of).flatMap((owner) =>
        accesses(owner, type === ENDPOINT ? 'endpoint' : 'resource', Properties[policy]),
      ),
    ),
  )
}

function whose(id: string, properties: Resource['Properties'], of: string | undefined): string[] {
  return of === undefined ? [id] : listOf(properties[of]).map(textOf).map(logicalId)
}

function accesses(of: string, kind: Access['kind'], document: unknown): Access[] {
  return statementsIn(document).map((one) => ({ of, kind, statement: one }))
}

function statementsIn(document: unknown): Statement[] {
  return listOf(valueAt(document, 'Statement')).map((one) => statement.parse(one))
}

/** `${Key}` and `${Key.Arn}` are both the resource `Key`. */
function logicalId(text: string): string {
  return /^\$\{(\w+)(\.\w+)?\}$/.exec(text)?.[1] ?? text
}

function principalsOf(principal: unknown): string[] {
  if (principal === undefined) return []
  if (typeof principal !== 'object' || principal === null) return [textOf(principal)]
  return Object.values(principal).flatMap((who) => listOf(who).map(textOf))
}
