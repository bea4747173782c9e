import { describe, expect, it } from 'vitest'
import { readEnterpriseOptions } from '../../../stacks/enterprise-options.ts'
import { EDGE } from '../enterprise-synth.ts'

const VPC = {
  id: 'vpc-00000a1b',
  cidr: '10.9.0.0/16',
  availabilityZones: ['eu-central-1a', 'eu-central-1b'],
  privateSubnetIds: ['subnet-0000000a', 'subnet-0000000b'],
}

describe('the network of an EnterpriseStack', () => {
  it.each([
    [{ cidr: '10.0.0.0/24' }, 'network.cidr="10.0.0.0/24": must be from /16 to /22'],
    [{ availabilityZones: ['eu-central-1a'] }, 'must be two or three zones'],
    [{ availabilityZones: ['eu-central-1a', 'eu-central-1a'] }, 'must be different zones'],
    [
      { availabilityZones: ['a', 'b'] },
      'network.availabilityZones.0="a": must be a zone such as eu-central-1a',
    ],
    [{ egress: 'open' }, 'network.egress="open": must be nat-each-zone, one-nat or none'],
    [{ flowLogDays: 91 }, 'network.flowLogDays=91: must be one of 1, 3, 5'],
    [{ s3PrefixListId: 'pl-6ea54007' }, 'network.s3PrefixListId="pl-6ea54007": is for egress none'],
    [{ vpc: VPC, cidr: '10.0.0.0/16' }, 'network.cidr="10.0.0.0/16": is of a new VPC: leave it out, or vpc'],
    [{ vpc: VPC, egress: 'none' }, 'network.egress="none": is of a new VPC'],
    [
      { vpc: { ...VPC, dataSubnetIds: ['subnet-0000000c', 'subnet-0000000c'] } },
      'network.vpc.dataSubnetIds=["subnet-0000000c","subnet-0000000c"]: must be 2 different subnets, one a zone',
    ],
  ])('is refused: %j', (network, message) => {
    expect(() => readEnterpriseOptions({}, { edge: EDGE, network })).toThrow(message)
  })

  it('is in the region of the stack', () => {
    const context = { 'trackyard:region': 'us-east-1', 'trackyard:network': { vpc: VPC } }
    expect(() => readEnterpriseOptions(context, { edge: EDGE })).toThrow(
      'region="us-east-1": eu-central-1a, eu-central-1b are not in it',
    )
  })
})

describe('the servers of an EnterpriseStack', () => {
  it.each([
    [{ maxReplicas: 1 }, 'service.maxReplicas=1: must be at least replicas, 2'],
    [{ minInstances: 4, maxInstances: 3 }, 'service.maxInstances=3: must be at least minInstances'],
    [{ architecture: 'arm' }, 'service.architecture="arm": must be arm64 or x86_64'],
    [{ maxInstanceDays: 60 }, 'service.maxInstanceDays=60: must be a whole number from 1 to 30 days'],
  ])('are refused: %j', (service, message) => {
    expect(() => readEnterpriseOptions({}, { edge: EDGE, service })).toThrow(message)
  })
})
