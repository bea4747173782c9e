/** A stack to put constructs in. */
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import { vi } from 'vitest'
import cdkJson from '../../../cdk.json' with { type: 'json' }
import { Edge, type EdgeProps } from '../../../constructs/cdk/edge.ts'
import { firstZones } from '../../../constructs/cdk/network.ts'

// The first synth of a process loads most of aws-cdk-lib.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

/** Under the feature flags of cdk.json, with nothing in it. */
export function emptyApp(outdir?: string): App {
  return new App({ context: cdkJson.context, analyticsReporting: false, ...(outdir && { outdir }) })
}

export function emptyStack(): Stack {
  return new Stack(emptyApp(), 'Test')
}

/** A VPC with public, private and isolated subnets in two zones. */
export function plainVpc(stack: Stack): ec2.Vpc {
  return new ec2.Vpc(stack, 'GivenVpc', {
    availabilityZones: firstZones(2),
    subnetConfiguration: [
      { name: 'public', subnetType: ec2.SubnetType.PUBLIC },
      { name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      { name: 'data', subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    ],
  })
}

export const CERTIFICATE = 'arn:aws:acm:eu-central-1:123456789012:certificate/1'

/** A way in under a name whose certificate exists. */
export function plainEdge(stack: Stack, vpc: ec2.IVpc, props: Partial<EdgeProps> = {}): Edge {
  const certificate = Certificate.fromCertificateArn(stack, 'GivenCertificate', CERTIFICATE)
  return new Edge(stack, 'Edge', { vpc, domainName: 'mlflow.example.com', tls: { certificate }, ...props })
}

// biome-ignore lint/suspicious/noExplicitAny: a template's resources have every shape
export type Resource = Record<string, any>

/** The only resource of a type. @throws when there are none or several */
export function onlyResource(stack: Stack, type: string): Resource {
  const found = Object.values(Template.fromStack(stack).findResources(type))
  if (found.length !== 1) throw new Error(`${found.length} resources of type ${type}`)
  return found[0] as Resource
}

/** Every statement of the policies of the roles whose logical id holds `role`. */
export function statementsOf(stack: Stack, role: string): Resource[] {
  const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')) as Resource[]
  return policies
    .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(role))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
}
