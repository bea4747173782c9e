import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, CfnResource, Stack } from 'aws-cdk-lib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acknowledgeFindings, isAt, isOf, pathIn, resourcesOf } from '../../stacks/acknowledge-findings.ts'
import { ACKNOWLEDGED_FINDINGS, GIVEN_BUCKET, scannerOf } from '../../stacks/acknowledged-findings.ts'
import { emptyApp } from '../constructs/cdk/stack.ts'
import { REPOSITORY } from '../support/installed.ts'
import { run } from '../support/programs.ts'
import { enterpriseStack } from './enterprise-synth.ts'
import { GIVEN, PROFILES } from './profiles.ts'
import {
  type CheckovReport,
  checkovFindings,
  checkovOf,
  type Finding,
  type LintMatch,
  lintFindings,
  lintOf,
  type NagReport,
  nagFindings,
  runCfnLint,
  runCheckov,
  runNag,
  scannerPrograms,
} from './scanners.ts'

const programs = await scannerPrograms()

/** A profile's stack, and what cdk-nag found before and after what is acknowledged was written into it. */
interface Scanned {
  readonly stack: Stack
  readonly folder: string
  readonly nagBefore: readonly NagReport[]
  readonly nagAfter: readonly NagReport[]
}

const SCANNED: typeof PROFILES = { ...PROFILES, given: GIVEN }

/** Of a stack of no profile. */
const WRONG = 'wrong'

const scanned = new Map<string, Scanned>()
let root: string
let lint: readonly LintMatch[] = []
let checkov: CheckovReport | undefined

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'trackyard-scanned-'))
  const files = [await writeWrong(join(root, WRONG))]
  for (const profile of Object.keys(SCANNED)) {
    const folder = join(root, profile)
    scanned.set(profile, await scan(profile, folder))
    files.push(join(folder, `${profile}.before.json`), join(folder, `${profile}.after.json`))
  }
  if (programs)
    [lint, checkov] = await Promise.all([runCfnLint(programs, files), runCheckov(programs, files)])
}, 240_000)
afterAll(() => rm(root, { recursive: true, force: true }))

describe.each(Object.keys(SCANNED))('the EnterpriseStack, %s', (profile) => {
  it('is passed by cdk-nag: AwsSolutions, NIST 800-53 r5, PCI 3.2.1', () => {
    const { stack, nagAfter } = profileOf(profile)
    expect(nagFindings(stack, nagAfter)).toEqual([])
  })

  it('is passed by the validation of CDK itself', async () => {
    const report = await readFile(join(profileOf(profile).folder, 'validation-report.json'), 'utf8')
    expect(JSON.parse(report).pluginReports).toEqual([])
  })

  it.skipIf(!programs)('is passed by cfn-lint and by checkov', () => {
    expect(inTemplate(profile, 'after')).toEqual([])
  })

  it.skipIf(!programs)('has evidence of all of it', async () => {
    const report = await evidence(profile)
    const clean = ['CloudFormation Validate', 'cdk-nag AwsSolutions', 'cdk-nag NIST.800.53.R5']
    for (const scanner of [...clean, 'cdk-nag PCI.DSS.321', 'cfn-lint', 'checkov']) {
      expect(report).toMatch(new RegExp(`^\\| ${scanner}[ .\\d]* \\| 0 \\|  \\|$`, 'm'))
    }
    for (const { rules, reason } of acknowledgedIn(profile)) {
      for (const rule of rules.filter((one) => !one.includes(GIVEN_BUCKET)))
        expect(report).toContain(`| ${rule} | ${reason} |`)
    }
  })
})

describe('what is acknowledged', () => {
  const each = ACKNOWLEDGED_FINDINGS.flatMap((finding) =>
    finding.rules
      .filter((rule) => programs || scannerOf(rule) === 'cdk-nag')
      .flatMap((rule) => finding.at.map((at) => ({ rule, at, reason: finding.reason }))),
  )

  it.each(each)('$rule is still found at $at', ({ rule, at, reason }) => {
    const found = Object.keys(SCANNED).flatMap((profile) =>
      foundBefore(profile).filter((finding) => isOf(rule, finding.rule)),
    )
    expect(found.filter(({ where }) => isAt(where, { rules: [rule], at: [at], reason }))).not.toEqual([])
  })

  it('is acknowledged once', () => {
    const named = each.map(({ rule, at }) => `${rule} at ${at}`)
    expect(named.filter((one, index) => named.indexOf(one) !== index)).toEqual([])
  })

  it('has a reason that a reviewer can judge', () => {
    for (const { reason, rules } of ACKNOWLEDGED_FINDINGS) {
      expect(reason.length, rules.join()).toBeGreaterThan(40)
    }
  })
})

describe('the scanners', () => {
  it('find what is wrong', async () => {
    const report = await readFile(join(root, WRONG, 'validation-report.json'), 'utf8')
    expect(JSON.parse(report).pluginReports).toMatchObject([{ pluginName: 'CloudFormation Validate' }])
    if (!programs) return
    expect(inTemplate(WRONG, 'before')).toEqual(
      expect.arrayContaining([
        { rule: 'E3002', where: 'Bucket' },
        { rule: 'CKV_AWS_18', where: 'Bucket' },
      ]),
    )
  })
})

/** Writes a template in which every scanner has something to find. */
async function writeWrong(folder: string): Promise<string> {
  const app = emptyApp(folder)
  const properties = { Nonsense: 1 }
  new CfnResource(new Stack(app, 'Wrong'), 'Bucket', { type: 'AWS::S3::Bucket', properties })
  expect(() => app.synth()).toThrow()
  const file = join(folder, `${WRONG}.before.json`)
  await copyFile(join(folder, 'Wrong.template.json'), file)
  return file
}

function profileOf(profile: string): Scanned {
  const found = scanned.get(profile)
  if (!found) throw new Error(`no profile ${profile}`)
  return found
}

async function scan(profile: string, folder: string): Promise<Scanned> {
  const stack = enterpriseStack(SCANNED[profile], folder)
  const nagBefore = runNag(stack)
  acknowledgeFindings(stack)
  const { directory } = (stack.node.root as App).synth()
  const nagAfter = runNag(stack)
  const template = await readFile(join(directory, 'EnterpriseStack.template.json'), 'utf8')
  await writeFile(join(folder, `${profile}.after.json`), template)
  await writeFile(join(folder, `${profile}.before.json`), withoutAcknowledgements(template))
  return { stack, folder, nagBefore, nagAfter }
}

function inTemplate(profile: string, when: 'before' | 'after'): Finding[] {
  const file = `${profile}.${when}.json`
  return [...lintFindings(lintOf(lint, file)), ...(checkov ? checkovFindings(checkovOf(checkov, file)) : [])]
}

/** Every finding of every scanner in the stack as it would be with nothing acknowledged, by construct path. */
function foundBefore(profile: string): Finding[] {
  const { stack, nagBefore } = profileOf(profile)
  const paths = new Map(
    resourcesOf(stack).map((resource) => [stack.resolve(resource.logicalId), pathIn(stack, resource)]),
  )
  const byPath = inTemplate(profile, 'before').map(({ rule, where }) => ({
    rule,
    where: paths.get(where) ?? where,
  }))
  return [...nagFindings(stack, nagBefore), ...byPath]
}

/** What is acknowledged of what is in the profile's stack. */
function acknowledgedIn(profile: string) {
  const { stack } = profileOf(profile)
  const paths = resourcesOf(stack).map((resource) => pathIn(stack, resource))
  return ACKNOWLEDGED_FINDINGS.filter((finding) => paths.some((path) => isAt(path, finding)))
}

/** The report for a reviewer, with what the scanners printed; it stays in .cache/evidence/. */
async function evidence(profile: string): Promise<string> {
  const { folder, nagAfter } = profileOf(profile)
  const printed: [string, unknown][] = [
    ['cdk-nag.json', { pluginReports: nagAfter }],
    ['cfn-lint.json', lintOf(lint, `${profile}.after.json`)],
    ['checkov.json', checkov && checkovOf(checkov, `${profile}.after.json`)],
  ]
  for (const [file, content] of printed) await writeFile(join(folder, file), JSON.stringify(content))
  const results = printed.flatMap(([file]) => ['--result', join(folder, file)])
  const report = await run(join(REPOSITORY, 'bin/trackyard'), ['evidence', folder, ...results])
  const kept = join(REPOSITORY, '.cache/evidence')
  await mkdir(kept, { recursive: true })
  await writeFile(join(kept, `${profile}.md`), report)
  return report
}

function withoutAcknowledgements(template: string): string {
  const { Resources, ...rest } = JSON.parse(template)
  const bare = Object.entries<{ Metadata?: object }>(Resources).map(([id, { Metadata, ...resource }]) => [
    id,
    resource,
  ])
  return JSON.stringify({ ...rest, Resources: Object.fromEntries(bare) }, undefined, 1)
}
