/** docs/rpcs.md, written from MLflow's list of endpoints and this server's tables. */
import type { Endpoint, OwnEndpoint } from './endpoints.ts'

const INTRODUCTION = `# What is served

Every endpoint of \`mlflow server\` 3.17.2, and what this server has there: the permission it asks for once there are
users, or \`not yet\`. \`/[ajax-]api\` stands for both \`/api\` and \`/ajax-api\`. *While there is none* is an
endpoint that answers as long as the database has nothing of what it is about, and with 501 from then on
([023](decisions/023-unbuilt-resources-say-so.md)). *Need* is how much depends on it: \`core\` for tracking and the
registry, \`modern\` for what newer clients and pages use, \`fringe\` for the rest.

The page is written from \`test/contract/endpoints.tsv\` and the tables in \`server/api/\` and \`server/routes/\` by
\`vitest run test/contract/page.test.ts -u\`.
`

const OWN = `## Not MLflow's

Comments on model versions and requests for a transition, at the paths of Databricks's registry, and the list of what
was said and decided, which has no public one: [Review and approval](review.md). Garbage collection:
[Operations](operations.md#removing-for-good). Access tokens: [Operations](operations.md#tokens-for-machines).
`

export function rpcsPage(endpoints: readonly Endpoint[], own: readonly OwnEndpoint[]): string {
  const groups = Map.groupBy(endpoints, ({ group }) => group)
  return [
    INTRODUCTION,
    '| group | served | of |',
    '| --- | --- | --- |',
    ...[...groups].map(
      ([group, some]) =>
        `| [${group}](#${anchor(group)}) | ${some.filter(isServed).length} | ${some.length} |`,
    ),
    `| all | ${endpoints.filter(isServed).length} | ${endpoints.length} |`,
    '',
    ...[...groups].flatMap(([group, some]) => [
      `## ${group}`,
      '',
      '| method | path | need | served |',
      '| --- | --- | --- | --- |',
      ...some.map((one) => `| ${one.method} | \`${one.path}\` | ${one.need} | ${servedCell(one)} |`),
      '',
    ]),
    OWN,
    '| method | path | permission |',
    '| --- | --- | --- |',
    ...own.map(({ method, path, permission }) => `| ${method} | \`${path}\` | \`${permission}\` |`),
    '',
  ].join('\n')
}

function isServed({ permission, isPending }: Endpoint): boolean {
  return permission !== undefined && !isPending
}

function servedCell({ permission, isPending, refusal }: Endpoint): string {
  if (permission === undefined) return refusal ?? 'not yet'
  return isPending ? `while there is none, \`${permission}\`` : `\`${permission}\``
}

function anchor(title: string): string {
  return title.toLowerCase().replace(/[^\w-]/g, '')
}
