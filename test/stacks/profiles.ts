/** The stack with each set of options that promises are made for. */
import { Template } from 'aws-cdk-lib/assertions'
import { acknowledgeFindings } from '../../stacks/acknowledge-findings.ts'
import type { EnterpriseStack } from '../../stacks/enterprise-stack.ts'
import { EDGE, enterpriseStack } from './enterprise-synth.ts'
import { COPY_VAULT, givenKey, REPLICA_BUCKET, TOKEN_SECRET, TOPIC } from './optional-features.ts'

/** To stage the sources of an image takes longer than all the rest; one profile does it. */
const image = 'trackyard:1.2.3'

/** Settings by the profile's name. */
export const PROFILES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  standard: {},
  lean: { profile: 'lean', image },
  regulated: { profile: 'regulated', image },
  // And with what no profile has of itself.
  'internet-facing': {
    image,
    artifacts: { replica: { bucketArn: REPLICA_BUCKET, keyArn: givenKey('copies') } },
    database: { proxy: {}, upgrade: true },
    edge: { ...EDGE, internetFacing: true, clients: ['0.0.0.0/0'] },
    watching: {
      topicArn: TOPIC,
      topicKeyArn: givenKey('topic'),
      canary: {
        tokenSecretArn: TOKEN_SECRET,
        tokenKeyArn: givenKey('token'),
      },
    },
    keeping: {
      backup: {
        copyTo: {
          vaultArn: COPY_VAULT,
          keyArn: givenKey('vault', 'eu-west-1'),
        },
      },
      drill: { enabled: true },
      gc: { mode: 'delete' },
    },
  },
}

/** The stack where an organisation has the network, the database and the bucket already. */
export const GIVEN: Readonly<Record<string, unknown>> = {
  image,
  network: {
    vpc: {
      id: 'vpc-0123456789abcdef0',
      cidr: '10.0.0.0/16',
      availabilityZones: ['eu-central-1a', 'eu-central-1b'],
      privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    },
  },
  database: {
    existing: {
      identifier: 'mlflow',
      resourceId: 'db-ABCDEFGHIJKL',
      host: 'mlflow.abcdefghijkl.eu-central-1.rds.amazonaws.com',
      securityGroupId: 'sg-0123456789abcdef0',
      administratorSecretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:mlflow-AbCdEf',
    },
  },
  artifacts: {
    existing: { bucketArn: 'arn:aws:s3:::acme-models', keyArn: givenKey('models'), prefix: 'team' },
  },
}

/** As `cdk synth` makes it; not yet synthesized. */
export function acknowledgedStackOf(profile: string, outdir?: string): EnterpriseStack {
  const stack = enterpriseStack(PROFILES[profile], outdir)
  acknowledgeFindings(stack)
  return stack
}

/** The template that `cdk synth` writes, as far as it is resources. */
export function templateTextOf(profile: string): string {
  return JSON.stringify(Template.fromStack(acknowledgedStackOf(profile)).toJSON())
}

/** CDK ends every logical id in one. */
export function withoutHashes(text: string): string {
  return text.replaceAll(/(?<=[A-Za-z]\w*)[0-9A-F]{8}\b/g, '')
}
