import { Duration } from 'aws-cdk-lib'
import type * as ecs from 'aws-cdk-lib/aws-ecs'
import type * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'

export interface Scaling {
  readonly minTasks: number
  readonly maxTasks: number
  /** Share of the CPU that a container is sure of, in percent. */
  readonly cpuPercent: number
  readonly requestsPerMinute: number
}

/** As many servers as keep each at its share of CPU and of requests, whichever needs more of them. */
export function scaleServers(
  service: ecs.Ec2Service,
  targetGroup: elb.ApplicationTargetGroup,
  { minTasks, maxTasks, cpuPercent, requestsPerMinute }: Scaling,
): void {
  const count = service.autoScaleTaskCount({ minCapacity: minTasks, maxCapacity: maxTasks })
  // Quick to grow, slow to shrink: a server that goes takes its warm caches and its transfers with it.
  const cooldown = { scaleOutCooldown: Duration.minutes(1), scaleInCooldown: Duration.minutes(10) }
  count.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: cpuPercent, ...cooldown })
  count.scaleOnRequestCount('Requests', { requestsPerTarget: requestsPerMinute, targetGroup, ...cooldown })
}
