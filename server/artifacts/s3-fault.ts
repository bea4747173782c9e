/** What a client is told when S3 refuses or is away. */
import { S3ServiceException } from '@aws-sdk/client-s3'
import { ApiError, invalidParameter, notFound, replacedWhileRead } from '../errors.ts'

/** The operator's to put right: asking again is of no use. */
const MISCONFIGURED: Record<string, string> = {
  AccessDenied: 'this server may not do that there',
  Forbidden: 'this server may not do that there',
  AllAccessDisabled: 'this server may not do that there',
  AuthorizationHeaderMalformed: 'the bucket is in another region',
  PermanentRedirect: 'the bucket is in another region',
  NoSuchBucket: 'there is no such bucket',
  InvalidAccessKeyId: 'the credentials of this server are not valid',
  SignatureDoesNotMatch: 'the credentials of this server are not valid',
  CredentialsProviderError: 'this server has no credentials',
  InvalidObjectState: 'the object is archived',
}

const SENT_BY_CLIENT = new Set([
  'EntityTooLarge',
  'EntityTooSmall',
  'InvalidPart',
  'InvalidPartOrder',
  'KeyTooLongError',
])

/** An ApiError for whatever the SDK throws while it works on `path` in `bucket`; an ApiError comes back as it is. */
export function s3Fault(error: unknown, bucket: string, path: string): ApiError {
  if (error instanceof ApiError) return error
  const name = error instanceof Error ? error.name : ''
  if (name === 'NoSuchKey' || name === 'NotFound') return notFound(`No such artifact: '${path}'`)
  if (name === 'PreconditionFailed') return replacedWhileRead(path)
  if (name === 'NoSuchUpload') return notFound(`No such upload of '${path}': it was completed or aborted.`)
  if (SENT_BY_CLIENT.has(name))
    return invalidParameter(`S3 does not take '${path}': ${(error as Error).message}`)
  const problem = problemOf(error)
  return problem === undefined
    ? new ApiError('TEMPORARILY_UNAVAILABLE', 'S3 cannot be reached now, or is too busy; try again.', {
        cause: error,
      })
    : new ApiError('INTERNAL_ERROR', `The artifacts in bucket '${bucket}' cannot be reached: ${problem}.`, {
        cause: error,
      })
}

/** What is wrong for good; undefined for what may pass. */
export function problemOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const known = MISCONFIGURED[error.name]
  if (known) return known
  if (/\bchecksum\b.*\bObject Lock\b/.test(error.message)) {
    return 'S3 takes no upload without a checksum there, since it locks objects: set TRACKYARD_S3_OBJECT_LOCK'
  }
  if (!(error instanceof S3ServiceException)) return undefined
  const status = error.$metadata.httpStatusCode ?? 500
  if (status === 403) return 'this server may not do that there'
  const mayPass = status >= 500 || status === 429 || status === 408 || TEMPORARY.has(error.name)
  return mayPass ? undefined : `S3 answered ${error.name}`
}

const TEMPORARY = new Set(['SlowDown', 'RequestTimeout', 'ExpiredToken', 'RequestTimeTooSkewed'])
