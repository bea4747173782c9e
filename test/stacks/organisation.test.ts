/** What an organisation wants of every resource, by setting. */
import { CfnResource, TagManager } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { applyBlueprint } from '../../stacks/blueprint.ts'
import { readEnterpriseOptions } from '../../stacks/enterprise-options.ts'
import { EnterpriseStack } from '../../stacks/enterprise-stack.ts'
import { emptyApp } from '../constructs/cdk/stack.ts'
import { EDGE } from './enterprise-synth.ts'

const BOUNDARY = 'arn:aws:iam::123456789012:policy/boundary'

describe('an EnterpriseStack with wishes of its organisation', () => {
  let stack: EnterpriseStack
  let template: Template
  beforeAll(async () => {
    const settings = {
      edge: EDGE,
      stackName: 'models',
      permissionsBoundaryArn: BOUNDARY,
      tags: { 'cost-centre': '4711' },
    }
    const app = emptyApp()
    await applyBlueprint(app, 'examples/enterprise/blueprint.ts')
    stack = new EnterpriseStack(app, 'EnterpriseStack', { options: readEnterpriseOptions({}, settings) })
    template = Template.fromStack(stack)
  })

  it('has the name it is given, and the logical ids of every other', () => {
    expect(stack.stackName).toBe('models')
    expect(Object.keys(template.findResources('AWS::RDS::DBInstance'))).toEqual(['DatabaseInstanceAA8A5FDE'])
  })

  it('bounds the permissions of every role', () => {
    const roles = Object.values(template.findResources('AWS::IAM::Role'))
    expect(roles.length).toBeGreaterThan(3)
    expect(roles.map(({ Properties }) => Properties.PermissionsBoundary)).toEqual(roles.map(() => BOUNDARY))
  })

  it('tags everything that has tags, and the stack itself', () => {
    const taggable = stack.node.findAll().filter((one) => TagManager.of(one)) as CfnResource[]
    const ids = taggable.filter((one) => CfnResource.isCfnResource(one)).map((one) => stack.getLogicalId(one))
    expect(ids.length).toBeGreaterThan(30)
    const resources = template.toJSON().Resources as Record<string, { Properties: unknown }>
    expect(ids.filter((id) => !JSON.stringify(resources[id]?.Properties).includes('"4711"'))).toEqual([])
    expect(stack.tags.tagValues()).toMatchObject({ 'cost-centre': '4711' })
  })

  it('has the defaults of its blueprint wherever they belong', () => {
    const logs = Object.values(template.findResources('AWS::Logs::LogGroup'))
    expect(logs.map(({ Properties }) => Properties.RetentionInDays)).toEqual(logs.map(() => 365))
  })
})

it('a blueprint that exports none is refused', async () => {
  await expect(applyBlueprint(emptyApp(), 'vitest.config.ts')).rejects.toThrow(
    'must export propertyInjectors',
  )
})
