/** What docs/enterprise.md says of the stack is read from the stack: `vitest run test/stacks/enterprise-page.test.ts -u` */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CfnResource, type Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Estimate, estimate, resourcesOf } from '../../server/estimate/template.ts'
import { PROFILE_NAMES } from '../../stacks/options/deployment.ts'
import { REPOSITORY } from '../support/mlflow.ts'
import { enterpriseStack } from './enterprise-synth.ts'
import { pictureOf } from './picture.ts'
import stateful from './stateful-resources.json' with { type: 'json' }

const PAGE = join(REPOSITORY, 'docs/enterprise.md')

/** Whose loss is a loss of data, or of what data is read with. */
const STATEFUL =
  /^AWS::(RDS::DBInstance|S3::Bucket|KMS::Key|Logs::LogGroup|SecretsManager::Secret|Backup::BackupVault|Cognito::UserPool|ECS::Cluster)$/

let stacks: Record<string, Stack>
beforeAll(() => {
  stacks = Object.fromEntries(PROFILE_NAMES.map((profile) => [profile, enterpriseStack({ profile })]))
})

describe('what holds data', () => {
  it('has the logical ids it had: under another id it is another resource, without the data', () => {
    const found = Object.assign({}, ...PROFILE_NAMES.map(statefulOf))
    // A new one: write it into stateful-resources.json. One that has gone: its data stay behind in every deployed stack.
    expect(found).toEqual(stateful)
  })

  it('stays when the profile is changed to one that keeps more', () => {
    const [lean, standard, regulated] = PROFILE_NAMES.map(statefulOf)
    expect(standard).toMatchObject(lean ?? {})
    expect(regulated).toMatchObject(standard ?? {})
  })
})

describe('the estimate of a profile', () => {
  it.each(PROFILE_NAMES)('has a price for everything that costs in %s', (profile) => {
    expect(estimateOf(profile).notPriced).toEqual([])
  })

  it('is less where the profile does less', () => {
    const [lean = 0, standard = 0, regulated = 0] = PROFILE_NAMES.map((name) => estimateOf(name).monthly)
    expect(lean).toBeLessThan(standard)
    expect(standard).toBeLessThan(regulated)
  })
})

it('docs/enterprise.md shows the stack as it is', async () => {
  const picture = `\`\`\`mermaid\n${pictureOf(stacks.standard as Stack)}\n\`\`\``
  const page = await readFile(PAGE, 'utf8')
  const current = withBlock(withBlock(page, 'picture', picture), 'costs', costs())
  await expect(current).toMatchFileSnapshot(PAGE)
})

/** Dollars a month by part of the stack and by profile. */
function costs(): string {
  const byPart = PROFILE_NAMES.map((name) => partsOf(stacks[name] as Stack, estimateOf(name)))
  const parts = [...new Set(byPart.flatMap((sums) => [...sums.keys()]))].sort()
  const row = (name: string, sums: readonly number[]) =>
    `| ${name} | ${sums.map((sum) => (sum >= 0.5 ? Math.round(sum) : sum > 0 ? '< 1' : '')).join(' | ')} |`
  const totals = PROFILE_NAMES.map((name) => estimateOf(name).monthly)
  return [
    `| part | ${PROFILE_NAMES.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(PROFILE_NAMES.length)}`,
    ...parts.map((part) =>
      row(
        part,
        byPart.map((sums) => sums.get(part) ?? 0),
      ),
    ),
    row('**a month, about**', totals),
    '',
    `US dollars, ${estimateOf('standard').region}, prices of ${estimateOf('standard').asOf}.`,
  ].join('\n')
}

function partsOf(stack: Stack, { lines }: Estimate): Map<string, number> {
  const nodes = stack.node.findAll().filter((one) => CfnResource.isCfnResource(one))
  const part = new Map(nodes.map((one) => [stack.getLogicalId(one), one.node.path.split('/')[1] ?? '']))
  const grouped = Map.groupBy(lines, ({ resource }) => part.get(resource) ?? '')
  return new Map(
    [...grouped].map(([name, ones]) => [name, ones.reduce((sum, { monthly }) => sum + monthly, 0)]),
  )
}

function statefulOf(profile: string): Record<string, string> {
  const types = Object.entries(templateOf(profile)).map(([id, { Type }]) => [id, Type])
  return Object.fromEntries(types.filter(([, type = '']) => STATEFUL.test(type)))
}

function estimateOf(profile: string): Estimate {
  return estimate(resourcesOf(JSON.stringify({ Resources: templateOf(profile) })), 'us-east-1')
}

function templateOf(profile: string): Record<string, { Type: string }> {
  return Template.fromStack(stacks[profile] as Stack).toJSON().Resources
}

/** @throws when the page has no such block */
function withBlock(page: string, name: string, block: string): string {
  const [begin, end] = [
    `<!-- ${name}: written by test/stacks/enterprise-page.test.ts -->\n`,
    `\n<!-- end of ${name} -->`,
  ]
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error(`docs/enterprise.md has no block ${name}`)
  return `${before}${begin}\n${block}\n${end}${after}`
}
