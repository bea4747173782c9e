import { describe, expect, it } from 'vitest'
import { parseTemplate, type Template } from '../../server/evidence/template.ts'
import { decide, type Request, statementsFor, withoutEachAction } from './policy-simulator.ts'

const ARTIFACTS = { 'Fn::GetAtt': ['Bucket', 'Arn'] }
const OBJECTS = { 'Fn::Join': ['', [ARTIFACTS, '/artifacts/*']] }

describe('the policy simulator', () => {
  it.each<[string, object[], Request, string]>([
    ['allows what a statement names', [allow('s3:GetObject', OBJECTS)], read(), 'allowed'],
    ['does not allow what none names', [allow('s3:PutObject', OBJECTS)], read(), 'not allowed'],
    ['does not allow it elsewhere', [allow('s3:GetObject', OBJECTS)], read('/secrets/1'), 'not allowed'],
    ['knows * and ? in actions, in any case', [allow('S3:Get*bjec?', OBJECTS)], read(), 'allowed'],
    ['takes other signs as they are', [allow('s3.GetObject', OBJECTS)], read(), 'not allowed'],
    ['lets a refusal win', [allow('s3:*', '*'), deny('s3:Get*', '*')], read(), 'denied'],
    ['knows NotAction', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }], read(), 'allowed'],
    [
      'knows NotResource',
      [{ ...allow('s3:*', '*'), Resource: undefined, NotResource: OBJECTS }],
      read(),
      'not allowed',
    ],
  ])('%s', (_what, statements, request, decision) => {
    expect(decide(statementsFor(templateWith(statements), 'Role'), request)).toBe(decision)
  })

  it.each<[string, object, Record<string, string>, string]>([
    ['holds', { StringEquals: { k: ['a', 'b'] } }, { k: 'b' }, 'allowed'],
    ['does not hold', { StringEquals: { k: 'a' } }, { k: 'b' }, 'not allowed'],
    ['asks for a key that is not there', { StringEquals: { k: 'a' } }, {}, 'not allowed'],
    ['is meant only if the key is there', { StringEqualsIfExists: { k: 'a' } }, {}, 'allowed'],
    ['is negated', { StringNotEquals: { k: 'a' } }, { k: 'a' }, 'not allowed'],
    ['is negated, of a key that is not there', { StringNotLike: { k: 'a*' } }, {}, 'allowed'],
    [
      'holds in one key only',
      { Bool: { k: 'true' }, ArnLike: { l: 'arn:*' } },
      { k: 'true', l: 'x' },
      'not allowed',
    ],
  ])('allows by a condition that %s', (_what, Condition, context, decision) => {
    const statements = statementsFor(templateWith([{ ...allow('s3:GetObject', '*'), Condition }]), 'Role')
    expect(decide(statements, { ...read(), context })).toBe(decision)
  })

  it('refuses to guess what a condition means that it does not know', () => {
    const Condition = { DateLessThan: { 'aws:CurrentTime': '2027-01-01' } }
    const statements = statementsFor(templateWith([{ ...allow('s3:GetObject', '*'), Condition }]), 'Role')
    expect(() => decide(statements, read())).toThrow('DateLessThan')
  })

  it('hears what a bucket says of everybody and a key of the role', () => {
    const template = templateWith([allow('s3:GetObject', OBJECTS)], {
      Policy: {
        Type: 'AWS::S3::BucketPolicy',
        Properties: {
          Bucket: { Ref: 'Bucket' },
          PolicyDocument: {
            Statement: [
              {
                ...deny('s3:*', '*'),
                Principal: '*',
                Condition: { Bool: { 'aws:SecureTransport': 'false' } },
              },
            ],
          },
        },
      },
      Key: {
        Type: 'AWS::KMS::Key',
        Properties: {
          KeyPolicy: {
            Statement: [
              { ...allow('kms:Decrypt', '*'), Principal: { AWS: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
              { ...allow('kms:*', '*'), Principal: { AWS: 'arn:aws:iam::123456789012:root' } },
            ],
          },
        },
      },
    })
    const statements = statementsFor(template, 'Role')
    const over = (tls: string) => ({ ...read(), context: { 'aws:SecureTransport': tls } })
    expect([over('true'), over('false')].map((request) => decide(statements, request))).toEqual([
      'allowed',
      'denied',
    ])
    const keyed = ['Decrypt', 'Encrypt'].map((action) =>
      decide(statements, { action: `kms:${action}`, resource: arnOf('Key') }),
    )
    expect(keyed).toEqual(['allowed', 'not allowed'])
    expect(decide(statements, { action: 'kms:Decrypt', resource: arnOf('Other') })).toBe('not allowed')
  })

  it('drops one action at a time, and nothing that refuses', () => {
    const both = { ...allow('s3:GetObject', '*'), Action: ['s3:GetObject', 's3:PutObject'] }
    const dropped = withoutEachAction(statementsFor(templateWith([both, deny('s3:Delete*', '*')]), 'Role'))
    expect(dropped.map(({ dropped: name, statements }) => [name, decide(statements, read())])).toEqual([
      ['s3:GetObject on *', 'not allowed'],
      ['s3:PutObject on *', 'allowed'],
    ])
  })
})

function templateWith(Statement: object[], others: object = {}): Template {
  const document = {
    Type: 'AWS::IAM::Policy',
    Properties: { Roles: [{ Ref: 'Role' }], PolicyDocument: { Statement } },
  }
  return parseTemplate(
    JSON.stringify({ Resources: { Role: { Type: 'AWS::IAM::Role' }, Granted: document, ...others } }),
  )
}

function allow(Action: string, Resource: unknown) {
  return { Effect: 'Allow', Action, Resource }
}

function deny(Action: string, Resource: unknown) {
  return { Effect: 'Deny', Action, Resource }
}

function read(path = '/artifacts/1/model.pkl'): Request {
  return { action: 's3:GetObject', resource: `${arnOf('Bucket')}${path}` }
}

function arnOf(logicalId: string): string {
  return `\${${logicalId}.Arn}`
}
