/** The words in which features of roles are told: requests to AWS, on what the template calls it. */
import type { Permissions } from '../../constructs/cdk/artifact-permissions.ts'
import type { Request } from './policy-simulator.ts'

export interface Feature {
  readonly name: string
  readonly needs: readonly Request[]
  /** Where a setting turns it on: the profiles that do. @default all */
  readonly profiles?: readonly string[]
}

export const REGION = reference('AWS::Region')
export const ACCOUNT = reference('AWS::AccountId')

export function artifactRequests(
  { bucket = [], wholeBucket = [], objects = [], key = [] }: Permissions,
  where: { readonly bucket: string; readonly key: string },
): Request[] {
  const arn = reference(`${where.bucket}.Arn`)
  return [
    ...requests(arn, ...bucket, ...wholeBucket),
    ...requests(`${arn}/1/0a1b/artifacts/model.pkl`, ...objects),
    ...keyRequests(where.key, 's3', ...key),
  ]
}

/** A key is asked by the service that encrypts with it, for whoever asked that service. */
export function keyRequests(key: string, service: string, ...actions: string[]): Request[] {
  const context = { 'kms:ViaService': `${service}.${REGION}.amazonaws.com` }
  return requests(reference(`${key}.Arn`), ...actions).map((request) => ({ ...request, context }))
}

export function logRequests(group: string): Request[] {
  return requests(reference(`${group}.Arn`), 'logs:CreateLogStream', 'logs:PutLogEvents')
}

export function requests(resource: string, ...actions: string[]): Request[] {
  const context = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' }
  return actions.map((action) => ({ action, resource, context }))
}

/** Of something in the account and region of the stack. */
export function ownArn(service: string, resource: string): string {
  return `arn:${reference('AWS::Partition')}:${service}:${REGION}:${ACCOUNT}:${resource}`
}

export function reference(logicalId: string): string {
  return `\${${logicalId}}`
}
