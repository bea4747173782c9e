/** The kinds of values settings take: each reads its text, says what is allowed, and writes the text again. */
import { isIP } from 'node:net'
import type { CreateMultipartUploadCommandInput } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { parseDatabaseUri } from './db/uri.ts'

export const flag = z.codec(z.string(), z.boolean(), {
  decode: (value, context) => {
    const lower = value.toLowerCase()
    if (['true', '1'].includes(lower)) return true
    if (['false', '0'].includes(lower)) return false
    context.issues.push({ code: 'custom', message: 'must be true or false', input: value })
    return z.NEVER
  },
  encode: String,
})

export const integerBetween = (least: number, most: number) =>
  z.codec(z.string(), z.number(), {
    decode: (value, context) => {
      const parsed = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
      if (parsed >= least && parsed <= most) return parsed
      context.issues.push({
        code: 'custom',
        message: `must be a whole number from ${least} to ${most}`,
        input: value,
      })
      return z.NEVER
    },
    encode: String,
  })

export const commaList = z.codec(z.string(), z.array(z.string()).readonly(), {
  decode: (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  encode: (items) => items.join(','),
})

export const LOGIN_WAYS = ['basic', 'oidc', 'jwt', 'load-balancer'] as const
export type LoginWay = (typeof LOGIN_WAYS)[number]

export const loginWays = z.codec(z.string(), z.array(z.enum(LOGIN_WAYS)).readonly(), {
  decode: (value, context) => {
    const ways = new Set(value.split(',').flatMap((way) => way.trim() || []))
    const known = LOGIN_WAYS.filter((way) => ways.has(way))
    if (known.length === ways.size) return known
    const message = `must be some of ${LOGIN_WAYS.join(', ')}, separated by commas`
    context.issues.push({ code: 'custom', message, input: value })
    return z.NEVER
  },
  encode: (ways) => ways.join(','),
})

export interface GroupRole {
  readonly group: string
  readonly role: string
}

/** Pairs of a group and a role; neither has a comma, and a role no equals sign. */
export const groupRoles = z.codec(z.string(), z.custom<readonly GroupRole[]>(), {
  decode: (value, context) => {
    const pairs = commaList.decode(value).map((pair) => /^(.+)=([^=]+)$/.exec(pair))
    const roles = pairs.map((pair) => ({ group: pair?.[1]?.trim() ?? '', role: pair?.[2]?.trim() ?? '' }))
    if (roles.every(({ group, role }) => group && role && !role.startsWith('__user_'))) return roles
    const message = 'must be group=role, separated by commas; no role may begin with __user_'
    context.issues.push({ code: 'custom', message, input: value })
    return z.NEVER
  },
  encode: (roles) => roles.map(({ group, role }) => `${group}=${role}`).join(','),
})

const DEFAULT_LEVELS = ['NO_PERMISSIONS', 'READ', 'USE', 'EDIT', 'MANAGE'] as const

export const permissionLevel = z.enum(DEFAULT_LEVELS, {
  message: `must be one of ${DEFAULT_LEVELS.join(', ')}`,
})

export const databaseUri = z.string().superRefine((uri, context) => {
  try {
    parseDatabaseUri(uri)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
})

export const artifactUri = z
  .string()
  .refine((uri) => isBucket(uri) || (/^(file:|[./~]|[\w-])/.test(uri) && localOrKnown(uri)), {
    message: 'must be a local folder (a path or file:///path) or s3://bucket/prefix',
  })

export const artifactRoots = commaList.refine(
  (roots) => roots.every((root) => /^([a-z][a-z0-9+.-]+:|\/)/i.test(root)),
  { message: 'must be URI prefixes such as s3://bucket/team, or absolute folders' },
)

export const artifactRoot = z
  .string()
  .refine((uri) => /^mlflow-artifacts:/.test(uri) || isBucket(uri) || localOrKnown(uri), {
    message: 'must be mlflow-artifacts:/, s3://bucket/prefix or a local folder (a path or file:///path)',
  })

export const networks = commaList.refine((items) => items.every(isNetwork), {
  message: 'must be addresses and networks such as 10.0.0.0/16, separated by commas',
})

/** A URL whose answers are believed: TLS says whose they are, but for a server on this machine. */
export const trustedUrl = z.string().refine(
  (text) => {
    const url = URL.parse(text)
    if (url === null || url.username + url.password + url.hash !== '') return false
    return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.includes(url.hostname))
  },
  { message: 'must be an https:// URL, without a user; http:// is for 127.0.0.1 and localhost only' },
)

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

/** Where people open a server: the static prefix follows it. */
export const publicUrl = trustedUrl.refine((text) => /^\w+:\/\/[^/?#]+\/?$/.test(text), {
  message: 'must end after the host and its port; the static prefix is added to it',
})

/** Signatures that nobody can make who only knows the key that checks them. */
const SIGNATURES = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

export const signatureAlgorithms = commaList.refine(
  (names) => names.length > 0 && names.every((name) => SIGNATURES.includes(name)),
  { message: `must be some of ${SIGNATURES.join(', ')}` },
)

export const loadBalancerArn = z
  .string()
  .regex(/^arn:aws[\w-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer\/app\/[\w-]+\/[0-9a-f]+$/, {
    message: 'must be arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID',
  })
export const scopes = z
  .string()
  .refine((text) => text.split(' ').includes('openid'), { message: 'must have openid among its words' })

export const endpointUrl = z.string().refine(
  (text) => {
    const url = URL.parse(text)
    return url !== null && ['http:', 'https:'].includes(url.protocol) && url.username + url.password === ''
  },
  { message: 'must be the URL of an S3 endpoint, without a user' },
)

export const bucketOwner = z
  .string()
  .regex(/^\d{12}$/, { message: 'must be the 12 digits of an AWS account' })

/** Arguments of S3's PutObject and CreateMultipartUpload that say how an object is kept. */
export const S3_UPLOAD_ARGUMENTS = [
  'ACL',
  'BucketKeyEnabled',
  'CacheControl',
  'ContentDisposition',
  'ContentLanguage',
  'ContentType',
  'GrantFullControl',
  'GrantRead',
  'GrantReadACP',
  'GrantWriteACP',
  'RequestPayer',
  'SSEKMSEncryptionContext',
  'SSEKMSKeyId',
  'ServerSideEncryption',
  'StorageClass',
  'Tagging',
] as const

export type S3UploadArguments = Pick<CreateMultipartUploadCommandInput, (typeof S3_UPLOAD_ARGUMENTS)[number]>

export const s3UploadArguments = z.codec(z.string(), z.custom<S3UploadArguments>(), {
  decode: (text, context) => {
    const parsed = parseObject(text)
    const isKnown = ([name, value]: [string, unknown]) =>
      (S3_UPLOAD_ARGUMENTS as readonly string[]).includes(name) &&
      typeof value === (name === 'BucketKeyEnabled' ? 'boolean' : 'string')
    if (parsed && Object.entries(parsed).every(isKnown)) return parsed
    const message = `must be a JSON object with some of ${S3_UPLOAD_ARGUMENTS.join(', ')}`
    context.issues.push({ code: 'custom', message, input: text })
    return z.NEVER
  },
  encode: (value) => (Object.keys(value).length === 0 ? '' : JSON.stringify(value)),
})

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const regularExpression = z.string().refine(
  (text) => {
    try {
      new RegExp(text)
      return true
    } catch {
      return false
    }
  },
  { message: 'must be a regular expression' },
)

export const webhookSchemes = commaList.refine(
  (schemes) => schemes.length > 0 && schemes.every((scheme) => ['http', 'https'].includes(scheme)),
  { message: 'must be https, http or both' },
)

export const fernetKey = z
  .string()
  .regex(/^[\w-]{43}=$/, { message: 'must be a Fernet key: 32 random bytes in URL-safe base64' })

export const staticPrefix = z
  .string()
  .regex(/^(\/[\w.~-]+)+$/, { message: "must start with '/' and not end with it" })

function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return (
    rest.length === 0 && bits > 0 && (length === undefined || (/^\d{1,3}$/.test(length) && +length <= bits))
  )
}

function isBucket(uri: string): boolean {
  return /^s3:\/\/[a-z0-9][a-z0-9.-]+(\/|$)/.test(uri)
}

function localOrKnown(uri: string): boolean {
  return uri.startsWith('file:') || !/^[a-z][a-z0-9+.-]+:/i.test(uri)
}
