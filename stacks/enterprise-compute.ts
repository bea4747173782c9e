/** From options to the props of network, cluster and service. */
import { Annotations } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import type * as kms from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'
import type { ClusterProps } from '../constructs/cdk/cluster.ts'
import { type ExistingVpcProps, firstZones, type NewVpcProps } from '../constructs/cdk/network.ts'
import type { ServiceProps } from '../constructs/cdk/service.ts'
import type { EnterpriseOptions } from './enterprise-options.ts'
import { maxReplicasOf } from './options/service.ts'

export function zonesOf({ network }: EnterpriseOptions): string[] {
  return network.vpc?.availabilityZones ?? network.availabilityZones ?? firstZones(2)
}

export function networkProps(
  scope: Construct,
  options: EnterpriseOptions,
  encryptionKey: kms.IKey,
): NewVpcProps | ExistingVpcProps {
  const { vpc, flowLogDays, ...settings } = options.network
  if (vpc) return { vpc: existingVpc(scope, vpc) }
  return {
    ...settings,
    availabilityZones: zonesOf(options),
    encryptionKey,
    ...(flowLogDays && { flowLogRetention: flowLogDays }),
    ...(options.edge.internetFacing && { publicSubnets: true }),
  }
}

/** As it is told: nothing is looked up. */
function existingVpc(
  scope: Construct,
  { id, cidr, availabilityZones, ...subnets }: NonNullable<EnterpriseOptions['network']['vpc']>,
): ec2.IVpc {
  const vpc = ec2.Vpc.fromVpcAttributes(scope, 'GivenVpc', {
    vpcId: id,
    vpcCidrBlock: cidr,
    availabilityZones,
    privateSubnetIds: subnets.privateSubnetIds,
    ...(subnets.dataSubnetIds && { isolatedSubnetIds: subnets.dataSubnetIds }),
    ...(subnets.publicSubnetIds && { publicSubnetIds: subnets.publicSubnetIds }),
  })
  Annotations.of(vpc).acknowledgeWarning(
    '@aws-cdk/aws-ec2:noSubnetRouteTableId',
    'Nothing is routed here: the routes of the VPC are its own',
  )
  return vpc
}

export function clusterProps({ replicas, service }: EnterpriseOptions): Partial<ClusterProps> {
  const { instanceType, architecture, maxInstanceDays, diskGiB } = service
  const minInstances = service.minInstances ?? Math.max(2, replicas)
  return {
    architecture,
    maxInstanceDays,
    diskGiB,
    minInstances,
    maxInstances: service.maxInstances ?? Math.max(minInstances, 2 * maxReplicasOf(service, replicas)),
    ...(instanceType && { instanceType: new ec2.InstanceType(instanceType) }),
  }
}

export function serviceProps({ replicas, service }: EnterpriseOptions): Partial<ServiceProps> {
  const { cpu, targetCpuPercent, targetRequestsPerMinute, rollbackErrorsPerMinute } = service
  return {
    targetCpuPercent,
    targetRequestsPerMinute,
    maxReplicas: maxReplicasOf(service, replicas),
    rollbackAt: rollbackErrorsPerMinute,
    ...(cpu && { cpu }),
  }
}
