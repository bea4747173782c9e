import * as ec2 from 'aws-cdk-lib/aws-ec2'
import { Platform } from 'aws-cdk-lib/aws-ecr-assets'

export type Architecture = 'arm64' | 'x86_64'

interface Machine {
  /** What the image is built for. */
  readonly platform: Platform
  readonly instanceType: ec2.InstanceType
  /** Amazon Linux 2023 for ECS, as it is when an instance starts: what is replaced is patched. */
  readonly machineImage: ec2.IMachineImage
}

/** All that follows from the processors of a stack. */
export function machineOf(architecture: Architecture): Machine {
  switch (architecture) {
    case 'arm64':
      return {
        platform: Platform.LINUX_ARM64,
        instanceType: ec2.InstanceType.of(ec2.InstanceClass.M7G, ec2.InstanceSize.LARGE),
        machineImage: newestImage('amazon-linux-2023/arm64'),
      }
    case 'x86_64':
      return {
        platform: Platform.LINUX_AMD64,
        instanceType: ec2.InstanceType.of(ec2.InstanceClass.M7I, ec2.InstanceSize.LARGE),
        machineImage: newestImage('amazon-linux-2023'),
      }
  }
}

function newestImage(name: string): ec2.IMachineImage {
  return ec2.MachineImage.resolveSsmParameterAtLaunch(
    `/aws/service/ecs/optimized-ami/${name}/recommended/image_id`,
  )
}
