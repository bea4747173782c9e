import * as ecs from 'aws-cdk-lib/aws-ecs'
import type { Construct } from 'constructs'
import { CONTAINER_USER, SCRATCH } from '../container.ts'

/** How every container of ours runs: as nobody on its host, without rights, with nothing to write to. */
export function powerless(scope: Construct, id: string) {
  const linuxParameters = new ecs.LinuxParameters(scope, id)
  linuxParameters.dropCapabilities(ecs.Capability.ALL)
  return {
    linuxParameters,
    user: CONTAINER_USER,
    readonlyRootFilesystem: true,
    dockerSecurityOptions: ['no-new-privileges'],
  }
}

/** The same, with one small folder to write to. */
export function confinement(scope: Construct, id: string) {
  const confined = powerless(scope, id)
  const { NODEV, NOEXEC, NOSUID } = ecs.TmpfsMountOption
  confined.linuxParameters.addTmpfs({
    containerPath: SCRATCH.path,
    size: SCRATCH.sizeMiB,
    mountOptions: [NOEXEC, NOSUID, NODEV],
  })
  return confined
}
