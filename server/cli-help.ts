import { SETTINGS } from './config-settings.ts'

const WIDTH = 33

export function usage(commands: Record<string, { summary: string }>): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
  return [
    'Usage: trackyard COMMAND [OPTIONS]',
    '',
    "A tracking server that speaks MLflow's protocol, keeps its database and serves its UI.",
    '',
    'Commands:',
    ...lines,
    '',
    'trackyard COMMAND --help says more; trackyard --version prints the version.',
  ].join('\n')
}

/** The settings of `trackyard server`, each with its flag, its variable and its default. */
export function serverHelp(): string {
  const lines = Object.values(SETTINGS).map((one) => {
    const flag = 'flag' in one ? `${'short' in one ? `-${one.short}, ` : ''}--${one.flag}` : ''
    const fallback = String(one.fallback)
    const notes = `[${one.env}${fallback === '' ? '' : `, default ${fallback}`}]`
    return `  ${flag.padEnd(WIDTH - 2)}${one.help}\n${' '.repeat(WIDTH)}${notes}`
  })
  return [
    '[OPTIONS]',
    '',
    'Flags and variables mean what they mean for `mlflow server`; a flag wins over its variable.',
    'A flag without a value also exists as --no-FLAG.',
    '',
    ...lines,
  ].join('\n')
}

export const PREPARE_HELP = `

Makes what a server logs in as: its role, and databases of runs and of users that are the role's own and nobody else's.
What is there already is left as it is; a database of another owner is handed over with its tables. Role and databases
are those of \`trackyard server\` in the same environment (MLFLOW_BACKEND_STORE_URI, TRACKYARD_AUTH_DATABASE_URI, its
password or TRACKYARD_DATABASE_IAM_AUTH). It may run at every start, on several machines at once.

  TRACKYARD_DATABASE_ADMIN_USER           Who may make roles and databases there, no superuser need be.
  TRACKYARD_DATABASE_ADMIN_PASSWORD       Password of that user.
  TRACKYARD_DATABASE_ADMIN_PASSWORD_FILE  File with it; it wins over the other.
  TRACKYARD_DATABASE_ADMIN_HOST           Host of the database itself, where the servers reach it through a pooler.`

export const GC_HELP = `[OPTIONS]

Removes for good what was deleted: runs, logged models and experiments, their rows and their artifacts. Without
--delete it only lists them. What a registered model version was made from is kept. Interrupted, it goes on where it
was. The database and the artifacts are those of \`trackyard server\` in the same environment.

  --older-than AGE         Only what was deleted so long ago: 30d, 8h, 2d8h5m20s.
  --run-ids IDS            Only these runs, separated by commas.
  --logged-model-ids IDS   Only these logged models.
  --experiment-ids IDS     Only these experiments, with all that is in them.
  --orphans                List the folders in the artifact store that nothing refers to, too; they stay.
  --uploads                Uploads into S3 that were begun more than a day ago and never ended, too.
  --delete                 Remove it.

Exits with 1 when something could not be removed.`

export const DOCTOR_HELP = `[OPTIONS]

Without --url it looks at the server that this environment's settings start, from its own machine: port, folders, disk
space, database, schema, connections, clocks, artifacts. With --url it looks at a stack as its clients do: whether it is
reached, certificate, version, host name, login, clock, artifacts. It changes nothing but one small artifact, which it
writes and deletes.

  --url URL          A stack; user, password, token and certificates are those of MLflow's client:
                     MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD, MLFLOW_TRACKING_TOKEN,
                     MLFLOW_TRACKING_SERVER_CERT_PATH, MLFLOW_TRACKING_INSECURE_TLS.
  --backups FOLDER   Where backups are kept; one must be of the last 26 hours.
  --json             A JSON array of {check, outcome, found, advice}.

Exits with 1 when a check failed.`

export const VERIFY_HELP = `[OPTIONS]

Counts what is in the database, and reads a file of each of a few runs, logged models and model versions, as its rows say
where they are. Then starts a server that only reads on them, on a port of 127.0.0.1 that answers this command alone, and
asks it by MLflow's protocol for all experiments, runs, models and versions (10,000 of each at most), for the metrics,
parameters and tags of those runs, and for those files, byte by byte. It writes nothing, and makes no table. The database
and the artifacts are those of \`trackyard server\` in the same environment; with --restored-… it looks at a restored
pair, and compares its counts with those. Prints a JSON object with counts, newestRunAt, artifacts, served and problems.

  --sample N               How many of each kind to read (default 20).
  --live-host HOST[:PORT]  The live database itself, where servers reach it through a pooler: all else as they do.
  --restored-database URI  A database that was restored from a backup.
  --restored-host HOST     The same, on another host (or HOST:PORT) and all else as the live one.
  --restored-secret ARN    Secret of AWS with its user and password (default: as the environment says).
  --restored-artifacts URI Its artifacts (default: those of the environment).
  --at-least PERCENT       How many of the rows there are now it must have (default 90).

Exits with 1 when there is a problem.`

export const CANARY_HELP = `--url URL [OPTIONS]

Does through a stack's public API what a training job does: logs a run with a parameter and a metric, writes an artifact
of 64 KiB through the server, reads both back and compares, and deletes them. For a schedule: doctor says why something
is wrong, this says whether anything is. The runs are deleted, and trackyard gc removes them for good.

  --url URL            The stack; user, password, token and certificates are those of MLflow's client:
                       MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD, MLFLOW_TRACKING_TOKEN,
                       MLFLOW_TRACKING_SERVER_CERT_PATH, MLFLOW_TRACKING_INSECURE_TLS.
  --experiment NAME    Where its runs are (default: trackyard-canary). It is made when it is not there; what else is in
                       it stays.
  --json               One line of JSON, as the server's log has it: {"canary":{"failed":0,"ms":210,"steps":{…}}}, with
                       "step" and "reason" where failed is 1.

Exits with 1 when a step failed.`

export const TOKENS_HELP = `create NAME --user USER [OPTIONS] | list [OPTIONS] | revoke ID

Tokens for machines, which send one as MLFLOW_TRACKING_TOKEN. A token does what its user may do, within its scope, until
it expires, is revoked, or its user is deleted. The database of users is that of \`trackyard server\` in the same
environment; the server may be running.

create NAME      Make one. It is printed once, and kept nowhere.
  --user USER          Whose it is; there must be such a user.
  --scope SCOPE        read (the default), write, or admin: to manage too, what the user manages.
  --experiment ID      Only this experiment; may be given several times. Models are out of scope then.
  --model NAME         Only this registered model or prompt; the same.
  --expires AGE        How long it is good: 90d, 8h (default: TRACKYARD_TOKEN_DAYS, most: TRACKYARD_TOKEN_MAX_DAYS).
list             List them, with when each was used last, to the hour.
  --user USER          Only this user's.
revoke ID        End one at once: every server refuses it a second later.

  --json               Print JSON.`

export const ESTIMATE_HELP = `[PATH] [OPTIONS]

What the stacks of a CDK app cost a month: a line for each resource, and the sum. The prices are in a file of this
package, with their month: no account is asked, and no network. Without PATH it synthesizes the app of ./cdk.json, with
its settings, into a temporary folder.

  PATH                     What \`cdk synth\` made, or one template.
  -c, --context NAME=VALUE A setting, as for cdk: trackyard:profile=lean. May be given several times.
  --region REGION          us-east-1 or eu-central-1 (default: where the stack goes, else us-east-1).
  --assume NAME=AMOUNT     What no template says: artifactsGiB=500, and in a month logsGiB=20, requestsMillions=10,
                           transferGiB=100 to the internet. May be given several times.
  --json                   A JSON array of {stack, region, asOf, source, usage, lines, monthly, notPriced}.`

export const EVIDENCE_HELP = `[PATH] [OPTIONS]

One report, as Markdown, of a synthesized stack: what scanners found, which findings are acknowledged and why, what is
encrypted with which key, what may connect to what, who may do what to which resource, and what outlives the stack.
It reads templates and nothing else: no network, no account, no CDK. It runs no scanner; it reads what they wrote.

PATH is what \`cdk synth\` made, or one template in it (default: cdk.out).

  --result FILE    JSON of a scanner; may be given several times: of checkov (--output json), of cfn-lint (--format json).
                   What CDK itself found is read from PATH.
  --json           A JSON array with the same of each stack.

Exits with 1 when a scanner found something that is not acknowledged.`
