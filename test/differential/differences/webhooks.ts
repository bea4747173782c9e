import { answersTo, type Difference, onlyOn, wordsOf } from '../difference.ts'

const DELIVERIES = 'test/server/webhook-deliveries.test.ts'
const WEBHOOKS = 'test/server/webhooks.test.ts'

export const WEBHOOK_DIFFERENCES: readonly Difference[] = [
  {
    id: 'webhook-events-unknown',
    area: 'webhooks',
    where: 'an event without an entity or an action, or with one that is unknown',
    mlflow: '500',
    ours: '400',
    reason: 'the stock client asks again for minutes after a 5xx',
    shownBy: answersTo(
      500,
      400,
      'webhooks: create with an unknown entity',
      'webhooks: create with an empty event',
    ),
  },
  {
    id: 'webhook-words',
    area: 'webhooks',
    where: 'words of the 400 for an event named twice, and for a host that is an address in another spelling',
    mlflow: 'those of the database; the host as it was sent',
    ours: 'our own; the address it stands for',
    reason: 'they say what to change',
    shownBy: wordsOf(
      'webhooks: create with an event twice',
      'webhooks: create to this machine as a number',
      'webhooks: create to a wrapped address',
    ),
  },
  {
    id: 'webhook-url-parts',
    area: 'webhooks',
    where: 'a URL with a user name, an `@`, a backslash, white space or a port there is none of',
    mlflow: '200',
    ours: '400',
    reason: 'two readers of such a URL can see two hosts in it',
    shownBy: answersTo(200, 400, 'webhooks: create with a user', 'webhooks: create with a space'),
    leaves: [
      /^webhooks, only in theirs: .*"url":"https:\/\/(user@8.8.8.8\/|8.8.8.8\/a b)"/,
      /^webhook_events, only in theirs: /,
    ],
  },
  {
    id: 'webhook-lengths',
    area: 'webhooks',
    where: 'a URL over 500 characters, a description over 1000, a secret over 687 bytes',
    mlflow: 'stored on SQLite, a database error elsewhere',
    ours: '400',
    reason: 'the columns hold no more',
    shownBy: onlyOn('sqlite', answersTo(200, 400, 'webhooks: create with a long description')),
    leaves: [/^webhooks, only in theirs: .*"description":"d+… 1001 characters"/],
  },
  {
    id: 'webhook-secret-without-key',
    area: 'webhooks',
    where: 'a secret while `MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY` is not set',
    mlflow: 'encrypted with a key that is gone with the process; from then on a list of webhooks is a 500',
    ours: '400 that names the setting',
    reason: 'a secret that cannot be kept must not seem to be',
    shownBy: answersTo(200, 400, 'webhooks: create with a secret'),
    leaves: [/^webhooks, only in theirs: .*"secret":"gAAAA/],
  },
  {
    id: 'webhook-secret-of-another-key',
    area: 'webhooks',
    where: 'a webhook whose secret another key encrypted',
    mlflow: '500 for it and for every list it is in',
    ours: 'it is shown and can be changed; nothing is sent to it until it has a new secret',
    reason: 'the secret is no part of an answer, and a request without its signature must not go out',
    shownBy: WEBHOOKS,
  },
  {
    id: 'webhook-test-body',
    area: 'webhooks',
    where: '`webhooks/{id}/test`',
    mlflow: 'answers the target’s body, follows redirects, and tries again',
    ours: 'the status only, no redirects, one attempt',
    reason: 'it was a way to read what only the server reaches',
    shownBy: WEBHOOKS,
  },
  {
    id: 'webhook-outbox',
    area: 'webhooks',
    where: 'deliveries',
    mlflow: 'kept in memory and lost with the process; a webhook that was changed is heeded after a minute',
    ours: 'kept in the database until they have arrived; at least once, with the same delivery id',
    reason: 'a crash must not lose what a receiver builds on',
    shownBy: DELIVERIES,
  },
]
