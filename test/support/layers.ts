/** The rule that imports go down only, over the text of every module. */
import { readFile } from 'node:fs/promises'
import { posix } from 'node:path'

/** The server's layers from the lowest up: each may import itself and what stands before it. */
const SERVER_LAYERS = [
  'errors.ts',
  'version.ts',
  'bounded.ts',
  'html.ts',
  'access',
  'wire.ts',
  'python-json.ts',
  'otlp',
  'db',
  'store',
  'search',
  'config-values.ts',
  'config-settings.ts',
  'config.ts',
  'database-options.ts',
  'login-file.ts',
  'login-settings.ts',
  'artifacts',
  'webhooks',
  'operations',
  'context.ts',
  'auth',
  'broken-requests.ts',
  'rpc.ts',
  'hosts.ts',
  'security.ts',
  'limits',
  'health.ts',
  'ui',
  'routes',
  'api',
  'artifacts-only.ts',
  'presigned-only.ts',
  'request-log.ts',
  'app.ts',
  'start-up-memory.ts',
  'workers.ts',
  'main.ts',
  'health-check.ts',
  'gc.ts',
  'verify',
  'verify.ts',
  'prepare.ts',
  'doctor',
  'doctor.ts',
  'canary.ts',
  'tokens.ts',
  'estimate',
  'estimate.ts',
  'evidence',
  'evidence.ts',
  'cli-help.ts',
  'cli.ts',
]

/** The only modules that read the environment: everything else is given its settings. */
const ENVIRONMENT_READERS = /^(server\/(main|cli)\.ts|stacks\/.*)$/

/** Packages that belong to one place. */
const PACKAGE_HOMES: readonly { readonly packages: RegExp; readonly home: RegExp }[] = [
  { packages: /^(@pulumi\/|pulumi$)/, home: /^(constructs\/pulumi|stacks)\// },
  { packages: /^(@?aws-cdk|constructs$|cdk-nag)/, home: /^(constructs\/cdk|stacks)\// },
  {
    packages: /^(fastify|@fastify\/)/,
    home: /^server\/((rpc|app|main|context|health|security|request-log)\.ts|auth\/|limits\/|ui\/|routes\/)/,
  },
  { packages: /^(openid-client|cookie)$/, home: /^server\/auth\// },
  { packages: /^@aws-sdk\/(client-secrets-manager|rds-signer)/, home: /^server\/db\// },
  { packages: /^(node:sqlite|pg|mysql2)(\/|$)/, home: /^server\/db\// },
]

/** Every module under `root`'s server/, constructs/ and stacks/, by its path. */
export async function readModules(root: string, paths: Iterable<string>): Promise<Map<string, string>> {
  const modules = new Map<string, string>()
  for (const path of paths) modules.set(path, await readFile(posix.join(root, path), 'utf8'))
  return modules
}

/** One line for each import or reading of the environment that breaks the rule. */
export function layerViolations(modules: ReadonlyMap<string, string>): string[] {
  return [...modules].flatMap(([path, source]) => {
    const broken = importsOf(source).flatMap((specifier) => {
      const problem = specifier.startsWith('.')
        ? relativeProblem(path, posix.join(posix.dirname(path), specifier))
        : packageProblem(path, specifier)
      return problem === undefined ? [] : [`${path} imports ${specifier}: ${problem}`]
    })
    const readsEnvironment = /\bprocess\s*\.\s*env\b|'node:process'/.test(withoutComments(source))
    return readsEnvironment && !ENVIRONMENT_READERS.test(path)
      ? [...broken, `${path} reads the environment`]
      : broken
  })
}

function importsOf(source: string): string[] {
  const specifiers =
    /^\s*(?:import|export|\})[^'"\n]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/gm
  return [...withoutComments(source).matchAll(specifiers)].map((match) => match[1] ?? match[2] ?? '')
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
}

function relativeProblem(from: string, to: string): string | undefined {
  if (to === 'package.json') return undefined
  const [top = '', below = ''] = from.split('/')
  const [toTop = '', toBelow = ''] = to.split('/')
  if (top === 'server') {
    return toTop === 'server' ? serverProblem(below, toBelow) : 'the server knows nothing of what deploys it'
  }
  if (top === 'stacks') return undefined
  if (toTop === 'stacks') return 'a construct is a library, a stack a program'
  if (toTop === 'server') {
    return /^server\/config(-settings)?\.ts$/.test(to) ? undefined : 'of the server, only its settings'
  }
  const [engine, toEngine] = [engineOf(from), engineOf(to)]
  return toEngine === undefined || engine === toEngine ? undefined : 'one engine a tier'
}

function serverProblem(from: string, to: string): string | undefined {
  const [layer, toLayer] = [SERVER_LAYERS.indexOf(from), SERVER_LAYERS.indexOf(to)]
  if (layer < 0) return `server/${from} is in no layer`
  if (toLayer < 0) return `server/${to} is in no layer`
  return toLayer <= layer ? undefined : `${to} is above ${from}`
}

function engineOf(path: string): string | undefined {
  return /^constructs\/(pulumi|cdk)\//.exec(path)?.[1]
}

function packageProblem(path: string, name: string): string | undefined {
  const rule = PACKAGE_HOMES.find(({ packages }) => packages.test(name))
  return rule && !rule.home.test(path) ? 'this package has another home' : undefined
}
