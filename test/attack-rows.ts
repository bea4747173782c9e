/** Every attack that is known of MLflow servers, and the tests that fail without the defence. */

const PROXY = 'test/server/artifact-proxy.test.ts'
const FILES = 'test/server/artifact-files.test.ts'
const SOURCE = 'test/server/model-versions-source.test.ts'
const WEBHOOKS = 'test/server/webhooks.test.ts'
const SECURITY = 'test/server/security.test.ts'
const ATTACKS = 'test/server/attacks.test.ts'
const LEAKS = 'test/auth/leaks.test.ts'
const EVERY_ROUTE = 'test/auth/every-route.test.ts'
const LEAST_ASKED = 'test/auth/least-asked.test.ts'
const USERS = 'test/server/users.test.ts'
const SIGN_ON = 'test/auth/sign-on.test.ts'
const SESSIONS = 'test/server/sessions.test.ts'
const TOKENS = 'test/server/access-tokens.test.ts'
const AUDIT = 'test/server/audit.test.ts'
const LIMITS = 'test/server/request-limits.test.ts'
const ENTERPRISE = 'test/stacks/enterprise.test.ts'
const TEMPLATE = 'test/stacks/template-rules.test.ts'
const BROWSER = 'test/e2e/browser/canary.test.ts'

interface AttackRow {
  readonly attack: string
  /** A file, and the title of a test in it as it is written there. */
  readonly tests: readonly (readonly [file: string, title: string])[]
}

const NOT_FROM_SOURCE = '%s: are not read from %s, though the database names it'
const LOCATION = 'test/artifacts/location.test.ts'
const REFUSED_LOCATION: AttackRow['tests'] = [
  [FILES, '%s: is refused when it is %s'],
  [LOCATION, '%s may not be %s'],
]
const OWN_BUCKET = 'keeps artifacts where nobody else comes, and what was replaced for a month'

export const ATTACK_ROWS: Readonly<Record<string, AttackRow>> = {
  A01: {
    attack: 'read beside a run, by get-artifact',
    tests: [[FILES, 'A01, A02: are read from the run’s folder only']],
  },
  A02: { attack: 'the same, encoded', tests: [[FILES, 'A01, A02: are read from the run’s folder only']] },
  A03: { attack: 'read beside the proxied store', tests: [[PROXY, 'A03: does not read outside its folder']] },
  A04: { attack: 'list beside it', tests: [[PROXY, 'A04: does not list outside its folder']] },
  A05: { attack: 'write beside it', tests: [[PROXY, 'A05: does not write outside its folder']] },
  A07: {
    attack: 'delete beside it',
    tests: [[PROXY, 'A07: does not delete outside its folder, nor the folder itself']],
  },
  A08: { attack: 'write beside a run', tests: [[FILES, 'A08: are written to the run’s folder only']] },
  A09: { attack: 'a location with a query', tests: REFUSED_LOCATION },
  A10: { attack: 'a location with a fragment', tests: REFUSED_LOCATION },
  A11: { attack: 'a location with parameters', tests: REFUSED_LOCATION },
  A12: {
    attack: 'a location anywhere on the disk',
    tests: REFUSED_LOCATION,
  },
  A13: {
    attack: 'a version of a local folder',
    tests: [
      [FILES, NOT_FROM_SOURCE],
      [FILES, 'A13: are read from the version’s folder only'],
      [SOURCE, 'cannot be a local path that no run holds'],
    ],
  },
  A14: {
    attack: 'the same, spelt otherwise',
    tests: [
      [FILES, NOT_FROM_SOURCE],
      [SOURCE, 'cannot be a local path that no run holds'],
    ],
  },
  A15: {
    attack: 'the same, called a prompt',
    tests: [
      [SOURCE, 'has a placeholder for a source, and nothing else'],
      [SOURCE, 'is not made of a path by a tag that is not true in the end'],
    ],
  },
  A16: {
    attack: 'the same, by a URI that climbs',
    tests: [
      [FILES, NOT_FROM_SOURCE],
      [SOURCE, 'cannot lead elsewhere, however it is encoded'],
    ],
  },
  A18: { attack: 'a location in dbfs', tests: REFUSED_LOCATION },
  A19: {
    attack: 'credentials to upload beside the store',
    tests: [[PROXY, 'A19: gives no upload credentials for a path that climbs']],
  },
  A21: {
    attack: 'the id of a trace as a path',
    tests: [['test/server/traces.test.ts', 'refuse an id that is a path']],
  },
  A22: {
    attack: 'the name of a model as a path, and twins',
    tests: [
      ['test/server/registered-models.test.ts', 'refuses names that are empty, too long or look like paths'],
      ['test/server/registered-models.test.ts', 'keeps names apart that are equal when decoded'],
    ],
  },
  A23: {
    attack: 'read beside a logged model, or a trace',
    tests: [
      [FILES, 'A23: are read from the model’s folder only'],
      [FILES, 'A23: the files attached to a trace are read from its folder only'],
    ],
  },
  A24: {
    attack: 'a webhook to what only the server reaches',
    tests: [
      [WEBHOOKS, 'is refused: %s'],
      [WEBHOOKS, 'connects to nothing when its address stopped being public: %s'],
    ],
  },
  A25: {
    attack: 'the same, spelt otherwise',
    tests: [
      [WEBHOOKS, 'is refused: %s'],
      ['test/webhooks/address.test.ts', 'is not %s'],
    ],
  },
  A26: {
    attack: 'the same, by a redirect',
    tests: [[WEBHOOKS, 'follows no redirect (%i) and reflects no body (A26)']],
  },
  A28: { attack: 'a gateway of one’s own', tests: [[ATTACKS, 'A28: leads this server to no gateway']] },
  A29: { attack: 'a version of a URL', tests: [[SOURCE, 'makes the server connect to nothing']] },
  A30: { attack: 'a location at a URL', tests: REFUSED_LOCATION },
  A31: {
    attack: 'a scorer of any class',
    tests: [[ATTACKS, 'A31: has no scorer run, whatever class it names']],
  },
  A32: {
    attack: 'a location in somebody else’s bucket',
    tests: [...REFUSED_LOCATION, [FILES, 'A32: is taken when the operator allows its bucket']],
  },
  A33: {
    attack: 'another Host',
    tests: [
      [SECURITY, 'may not be "%s"'],
      [SECURITY, 'is checked on every route but health and version'],
    ],
  },
  A35: {
    attack: 'a write from another origin',
    tests: [[SECURITY, '%s may read nothing across and write nothing']],
  },
  A36: {
    attack: 'a form of another site',
    tests: [[SECURITY, 'is refused as %s, which a form of another site can send']],
  },
  A37: {
    attack: 'a write by GET',
    tests: [[ATTACKS, 'A37: changes nothing by GET, nor by the method that a header names']],
  },
  A38: { attack: 'an artifact as a page', tests: [[PROXY, 'A38: never shows %s as a page']] },
  A39: { attack: 'markup in an error', tests: [[PROXY, 'A39: answers a path with markup as JSON']] },
  A40: { attack: 'a file name as a header', tests: [[PROXY, 'A40: lets no file name write a header']] },
  A41: {
    attack: 'the UI in a frame',
    tests: [
      [SECURITY, 'says what a browser may make of it: %s'],
      ['test/server/ui-pages.test.ts', 'may be shown in a frame by whom the settings say'],
    ],
  },
  A43: {
    attack: 'every route, without a credential',
    tests: [
      [EVERY_ROUTE, 'is let through where the permission says so, and nowhere else'],
      [LEAST_ASKED, 'nobody gets in without a credential but to these'],
      [LEAST_ASKED, 'whoever is signed in gets these, and nothing else, without a grant'],
      ['test/auth/authenticate.test.ts', 'does not start with a route that has no permission'],
    ],
  },
  A44: {
    attack: 'passwords that everybody knows',
    tests: [
      ['test/server/login-start.test.ts', 'is refused with the password %j'],
      ['test/server/login-start.test.ts', 'gets that of the settings, where there is one'],
      ['test/server/login-start.test.ts', 'does not get in with it, and neither does a user who becomes one'],
    ],
  },
  A45: {
    attack: 'writes of who may read',
    tests: [
      [EVERY_ROUTE, 'is let through where the permission says so, and nowhere else'],
      [LEAST_ASKED, 'who may read may send these, and nothing else that is no GET'],
    ],
  },
  A46: {
    attack: 'reads of what is denied',
    tests: [
      [LEAKS, 'answers to who may not read the secrets as where there are none'],
      ['test/server/leaks.test.ts', 'gets the answers of a server that has none'],
    ],
  },
  A47: {
    attack: 'an admin of one’s own making',
    tests: [[USERS, 'reads and changes itself, and nobody else']],
  },
  A49: {
    attack: 'a user by GET or by a form',
    tests: [
      [USERS, 'is for admins, and its form for who has opened it'],
      [LEAST_ASKED, 'whoever is signed in gets these, and nothing else, without a grant'],
    ],
  },
  A50: {
    attack: 'guessing passwords and names',
    tests: [
      ['test/server/sign-in-guard.test.ts', 'slows down who guesses the password of %s, in the same words'],
      [
        'test/auth/sign-in-work.test.ts',
        'a wrong password costs the same work whether its user is known, has a password, or could be one',
      ],
    ],
  },
  A52: {
    attack: 'more than fits',
    tests: [
      [LIMITS, 'is refused whole with more text than fits'],
      [LIMITS, 'is refused whole with %i %s'],
      [
        SECURITY,
        'is answered, where it is too large, to a client that reads only once it has sent all of it',
      ],
    ],
  },
  A53: {
    attack: 'names and ids without end',
    tests: [[ATTACKS, 'A53: names nothing that is longer than its column']],
  },
  A54: {
    attack: 'searches out of all proportion',
    tests: [['test/server/search-refusals.test.ts', 'are refused']],
  },
  A55: {
    attack: 'SQL in a search',
    tests: [
      ['test/server/search-refusals.test.ts', 'refuses filters MLflow has no meaning for'],
      ['test/server/search-refusals.test.ts', 'is refused where a filter has no place for it'],
      ['test/server/search-refusals.test.ts', 'is taken for the text it is'],
      ['test/server/search-refusals.test.ts', 'is taken for the text it is in the key of an order'],
    ],
  },
  A56: {
    attack: 'GraphQL without end',
    tests: [
      ['test/server/graphql-limits.test.ts', '%s is refused with 200 and a text'],
      ['test/server/graphql-limits.test.ts', '%s is a 400'],
    ],
  },
  A57: {
    attack: 'requests that are never sent whole',
    tests: [['test/server/request-rates.test.ts', 'that sends %s is told so, and its connection ends']],
  },
  A59: { attack: 'thousands of ranges', tests: [[PROXY, 'A59: answers two thousand ranges with one body']] },
  A60: { attack: 'what is no request', tests: [[SECURITY, '%s is answered with an error body']] },
  A62: {
    attack: 'errors that tell',
    tests: [[ATTACKS, 'A62: learns from no error where the server is or what it is made of']],
  },
  A63: {
    attack: 'lines of one’s own in the log',
    tests: [[ATTACKS, 'A63: writes one line into the log, whatever its path and names hold']],
  },
  M01: {
    attack: 'scripts in notes, tags and names',
    tests: [[BROWSER, 'M01: runs nothing of a note, a tag, a name or a description']],
  },
  M02: { attack: 'code in the YAML of an MLmodel', tests: [[BROWSER, 'M02: runs nothing of an MLmodel']] },
  M03: {
    attack: 'forged id tokens',
    tests: [
      [SIGN_ON, '%s is refused'],
      [SIGN_ON, 'signed by an algorithm that is not allowed is refused'],
      [SIGN_ON, 'is good once, even where the provider takes a code again'],
      [SIGN_ON, 'is refused in another browser'],
      [SIGN_ON, 'is refused with a part of the state that it began with'],
      ['test/auth/jwt.test.ts', '%s is refused'],
      ['test/auth/jwt.test.ts', 'that has the public key as its secret'],
      ['test/auth/jwt.test.ts', 'that is signed by an algorithm that the settings leave out'],
    ],
  },
  M04: {
    attack: 'a sign-in that leads elsewhere',
    tests: [
      ['test/auth/return-address.test.ts', '%j leads to the first page'],
      ['test/auth/return-address.test.ts', 'no text leads to another origin'],
    ],
  },
  M05: {
    attack: 'sessions of others',
    tests: [
      [SESSIONS, 'is for this host over TLS alone, not for scripts, and lasts no longer than the session'],
      [SESSIONS, 'is another one after every sign-in, and the one before is over'],
      [SESSIONS, 'is over after the sign-out, whoever has kept the cookie'],
      [SESSIONS, 'is over once its user has another password'],
    ],
  },
  M06: {
    attack: 'tokens beyond their scope and time',
    tests: [
      [TOKENS, 'lets a token read that may read, and nothing else'],
      [TOKENS, 'keeps a token in its experiments'],
      [TOKENS, 'is refused when it has expired'],
      [TOKENS, 'is refused as soon as it is revoked'],
      [TOKENS, 'is refused in a URL, and so is whoever shows one there'],
      [TOKENS, 'is in no table'],
      [
        'test/e2e/tokens.test.ts',
        'makes the first token of a deployment, lists it and revokes it under a running server',
      ],
    ],
  },
  M07: { attack: 'an archive to import: not here', tests: [[ATTACKS, '%s: that %s']] },
  M08: { attack: 'a folder as an archive: not here', tests: [[ATTACKS, '%s: that %s']] },
  M09: { attack: 'figures for who scrapes them: not here', tests: [[ATTACKS, '%s: that %s']] },
  M10: { attack: 'live updates: not here', tests: [[ATTACKS, '%s: that %s']] },
  M11: {
    attack: 'entries of one’s own in the audit log',
    tests: [
      [AUDIT, 'is one line, whatever its names hold'],
      [AUDIT, 'leaves nothing of what it carried'],
      [AUDIT, 'has no %s: nothing changes an entry'],
      [AUDIT, 'is not recorded, unless it is refused'],
    ],
  },
  M12: {
    attack: 'a stack that is open',
    tests: [
      ['test/constructs/cdk/cluster.test.ts', 'has instances with IMDSv2 only and an encrypted disk'],
      ['test/constructs/cdk/cluster.test.ts', 'keeps the rights of an instance from its containers'],
      ['test/constructs/cdk/edge.test.ts', 'an edge on the internet lets in whom it is told only'],
      [
        TEMPLATE,
        'lets the world in at port 443 of a load balancer that faces the internet, and nowhere else',
      ],
      [
        'test/constructs/cdk/database.test.ts',
        'is encrypted, out of reach of the internet, and speaks TLS only',
      ],
      ['test/constructs/cdk/artifact-bucket.test.ts', 'every bucket refuses whoever comes without TLS'],
      [
        'test/constructs/cdk/artifact-bucket.test.ts',
        'an artifact bucket is private, encrypted and versioned, and stays when its stack goes',
      ],
      ['test/constructs/cloud.test.ts', OWN_BUCKET],
      [
        'test/constructs/cloud.test.ts',
        'has a database that is encrypted, closed and deleted by nobody by mistake',
      ],
    ],
  },
  M13: {
    attack: 'secrets in templates, states and containers',
    tests: [
      [ENTERPRISE, 'has no password in its template'],
      [TEMPLATE, 'holds no secret'],
      [
        'test/stacks/pulumi-resources.test.ts',
        'the Pulumi stack team gives its secrets to the engine as secrets, and to nobody else',
      ],
      [
        'test/constructs/cloud.test.ts',
        'hands the key of its servers and the password of its administrator on as secrets',
      ],
      ['test/e2e/team.test.ts', 'shows no secret to who looks at containers, logs and processes'],
      ['test/e2e/image.test.ts', 'has no shell, no npm and no secret inside'],
    ],
  },
  M14: {
    attack: 'servers that may do more than they do',
    tests: [
      [
        ENTERPRISE,
        'lets the servers reach their bucket, their role in the database and the keys, and nothing else',
      ],
      [ENTERPRISE, 'lets nobody act on every secret or every bucket'],
      [
        'test/constructs/cdk/artifact-bucket.test.ts',
        'whoever may read and write artifacts may do what the table says, on this bucket and its key',
      ],
      [
        'test/stacks/role-features.test.ts',
        'is no more than they need: with any action dropped, one of them is refused',
      ],
      [TEMPLATE, 'allows no role a wildcard of actions'],
      ['test/constructs/cloud.test.ts', 'lets its servers do what they do and nothing else'],
    ],
  },
  M15: {
    attack: 'containers that are not confined',
    tests: [
      ['test/constructs/tracking-server.test.ts', 'confines its container'],
      ['test/constructs/cdk/service.test.ts', 'confines its containers'],
      [
        'test/e2e/image.test.ts',
        'serves API and UI without a writable root, without capabilities and not as root',
      ],
      [
        'test/e2e/compose.test.ts',
        'serves on this machine only, confined, and finds its data again after down',
      ],
      [
        'test/e2e/team.test.ts',
        'confines every container, and publishes the port of the proxy alone, on this machine',
      ],
    ],
  },
  M16: {
    attack: 'headers of a proxy that is none, and plain HTTP',
    tests: [
      ['test/auth/trusted-proxies.test.ts', 'say nothing from an address that is not a trusted one'],
      [
        'test/auth/trusted-proxies.test.ts',
        'of a trusted proxy name the address it saw, not one the client has put before',
      ],
      [
        'test/constructs/cdk/edge.test.ts',
        'an edge speaks TLS 1.3 with a post-quantum key exchange, and nothing else',
      ],
      [SECURITY, 'M16: tells browsers to come by TLS alone where they do'],
    ],
  },
}
