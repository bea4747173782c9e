/** Who may enter the enterprise tier, and how they show who they are. */
import { z } from 'zod'
import { SETTINGS } from '../server/config-settings.ts'
import { text, wholeNumber } from './option-types.ts'

const httpsUrl = text(
  /^https:\/\/[^\s/@#]+(\/[^\s#]*)?$/,
  'must be an https:// URL, without a user and a fragment',
)
const secretArn = text(
  /^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:\S+$/,
  'must be the ARN of a secret in AWS Secrets Manager, whose whole text is the secret of the client',
)
const claim = text(/^\S+$/, 'must be the name of a claim')

/** Which claims say who somebody is. */
const CLAIMS = {
  /** Claim that is the name of the user; nobody may be able to choose it freely. @default email */
  usernameClaim: claim.default('email'),
  /** Claim with the groups of the user, a list. @default groups */
  groupsClaim: claim.default('groups'),
}

const CLIENT = {
  /** The provider, as its own configuration names it. */
  issuer: httpsUrl,
  /** Id of this server at the provider. */
  clientId: z.string().min(1, { error: 'must be the id of this server at the provider' }),
}

const SESSION = {
  /** Longest that a session in a browser lasts, in hours. @default 12 */
  sessionHours: wholeNumber(1, 168, 'hours').default(12),
}

const people = z.discriminatedUnion(
  'kind',
  [
    /** Users with passwords, and nothing else. */
    z.strictObject({ kind: z.literal('passwords') }),
    /** The servers lead people to an OpenID provider. */
    z.strictObject({
      kind: z.literal('oidc'),
      ...CLIENT,
      /** Secret of this server at the provider. @default none: a public client */
      clientSecretArn: secretArn.optional(),
      /** Scopes to ask for. @default openid email profile */
      scopes: SETTINGS.oidcScopes.schema.default(SETTINGS.oidcScopes.fallback),
      /** Groups whose members may enter. @default whoever can sign in at the provider */
      allowedGroups: z.array(text(/^[^,]+$/, 'must be the name of a group, without a comma')).default([]),
      ...CLAIMS,
      ...SESSION,
    }),
    /** The load balancer leads people to an OpenID provider, and tells the servers who they are. */
    z.strictObject({
      kind: z.literal('load-balancer-oidc'),
      ...CLIENT,
      /** Secret of this server at the provider. */
      clientSecretArn: secretArn,
      /** Where the provider signs people in. */
      authorizationEndpoint: httpsUrl,
      /** Where the provider hands out tokens. */
      tokenEndpoint: httpsUrl,
      /** Where the provider says who somebody is. */
      userInfoEndpoint: httpsUrl,
      /** Scopes to ask for. @default openid email profile */
      scopes: SETTINGS.oidcScopes.schema.default(SETTINGS.oidcScopes.fallback),
      ...CLAIMS,
      ...SESSION,
    }),
    /** The same with a user pool of Amazon Cognito. */
    z.strictObject({
      kind: z.literal('load-balancer-cognito'),
      /** The pool whose users may enter. */
      userPoolArn: text(
        /^arn:[\w-]+:cognito-idp:[\w-]+:\d{12}:userpool\/[\w-]+$/,
        'must be the ARN of a user pool',
      ),
      /** Client of the pool, with a secret. */
      clientId: CLIENT.clientId,
      /** Domain of the pool: the prefix of one at amazoncognito.com, or the whole of another. */
      domain: text(/^[a-z0-9.-]+$/, 'must be the domain of the user pool'),
      /** Scopes to ask for. @default openid email profile */
      scopes: SETTINGS.oidcScopes.schema.default(SETTINGS.oidcScopes.fallback),
      ...CLAIMS,
      ...SESSION,
    }),
  ],
  { error: 'must be of kind passwords, oidc, load-balancer-oidc or load-balancer-cognito' },
)

/** JWTs of an issuer, which jobs send as MLFLOW_TRACKING_TOKEN. */
const jwt = z.strictObject({
  /** Their claim `iss`. */
  issuer: httpsUrl,
  /** Where the issuer publishes its keys. */
  jwksUrl: httpsUrl,
  /** Their claim `aud`: without it, a token for any other service would be one for this. */
  audience: text(/^[^\s,]{1,256}$/, 'must be the audience of the tokens, without spaces and commas'),
  /** The claim is a list of audiences of which one is this. @default false */
  audienceInList: z.boolean().default(false),
  /**
   * The load balancer turns bad ones away before a server sees them; it knows RS256 only, and reaches the issuer over
   * the internet. The servers check every token again.
   * @default true
   */
  atLoadBalancer: z.boolean().default(true),
  /** Claim that is the name of the user. @default sub */
  usernameClaim: claim.default('sub'),
  /** Claim with the groups of the user, a list. @default groups */
  groupsClaim: claim.default('groups'),
})

export const signOn = z
  .strictObject({
    /** How people show who they are. @default passwords */
    people: people.prefault({ kind: 'passwords' }),
    /** How jobs do, besides tokens that this server makes. @default by those alone */
    jwt: jwt.optional(),
    /** Whether users with passwords may enter besides; the first admin has one, in AWS Secrets Manager. @default true */
    passwords: z.boolean().default(true),
    /** Name of the first admin. @default admin */
    adminUsername: text(/^[\w.@-]+$/, 'must be the name of a user').default('admin'),
    /** Roles that groups stand for, `{"ml-admins": "admin"}`; the role admin may do everything. @default none */
    groupRoles: z
      .record(
        text(/^[^,]+$/, 'must be the name of a group, without a comma'),
        text(/^(?!__user_)[^\s,=]+$/, 'must be the name of a role'),
      )
      .default({}),
    /** What a user may do without a grant. @default READ */
    defaultPermission: SETTINGS.defaultPermission.schema.default('READ'),
  })
  .superRefine(({ people, passwords, groupRoles }, context) => {
    if (passwords) return
    const refuse = (message: string) =>
      context.addIssue({ code: 'custom', path: ['passwords'], message, input: passwords })
    if (people.kind === 'passwords')
      refuse('nobody could enter: choose another kind of people, or leave it out')
    if (!Object.values(groupRoles).includes('admin')) {
      refuse('nobody would be an admin: let a group of groupRoles have the role admin, or leave it out')
    }
  })

export type SignOn = z.output<typeof signOn>
export type People = SignOn['people']
