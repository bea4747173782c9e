import * as ecs from 'aws-cdk-lib/aws-ecs'
import type { Construct } from 'constructs'
import { CONTAINER_USER, SCRATCH } from '../container.ts'

/** How every container of ours runs: as nobody on its host, without rights, with one small folder to write to. */
export function confinement(scope: Construct, id: string) {
  const linuxParameters = new ecs.LinuxParameters(scope, id)
  const { NODEV, NOEXEC, NOSUID } = ecs.TmpfsMountOption
  linuxParameters.dropCapabilities(ecs.Capability.ALL)
  linuxParameters.addTmpfs({
    containerPath: SCRATCH.path,
    size: SCRATCH.sizeMiB,
    mountOptions: [NOEXEC, NOSUID, NODEV],
  })
  return {
    linuxParameters,
    user: CONTAINER_USER,
    readonlyRootFilesystem: true,
    dockerSecurityOptions: ['no-new-privileges'],
  }
}
