import { join } from 'node:path'
import {
  CfnOutput,
  Duration,
  IgnoreMode,
  PermissionsBoundary,
  Stack,
  type StackProps,
  Tags,
} from 'aws-cdk-lib'
import { DockerImageAsset } from 'aws-cdk-lib/aws-ecr-assets'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import type { Construct } from 'constructs'
import { machineOf } from '../constructs/cdk/architecture.ts'
import { ArtifactBucket } from '../constructs/cdk/artifact-bucket.ts'
import { Cluster } from '../constructs/cdk/cluster.ts'
import { Database } from '../constructs/cdk/database.ts'
import { Edge } from '../constructs/cdk/edge.ts'
import { Keeping } from '../constructs/cdk/keeping.ts'
import { newLogKey } from '../constructs/cdk/log-key.ts'
import { Network } from '../constructs/cdk/network.ts'
import { Service } from '../constructs/cdk/service.ts'
import { SignOnRules } from '../constructs/cdk/sign-on-rules.ts'
import { SignOnSecrets } from '../constructs/cdk/sign-on-secrets.ts'
import { isAtLoadBalancer } from '../constructs/sign-on.ts'
import { bucketOf } from './artifact-source.ts'
import { clusterProps, networkProps, serviceProps, zonesOf } from './enterprise-compute.ts'
import { databaseProps, databaseSettings } from './enterprise-database.ts'
import { edgeProps } from './enterprise-edge.ts'
import { type EnterpriseOptions, serverSettings } from './enterprise-options.ts'
import { watchStack } from './enterprise-watching.ts'
import { reportsTo } from './keeping-reports.ts'
import { keepingProps } from './options/keeping.ts'
import { maxReplicasOf } from './options/service.ts'

const REPOSITORY = join(import.meta.dirname, '..')

export interface EnterpriseStackProps extends StackProps {
  readonly options: EnterpriseOptions
}

/** A tracking server for a company: every part is a construct of its own, here they meet. */
export class EnterpriseStack extends Stack {
  readonly #zones: string[]

  constructor(scope: Construct, id: string, props: EnterpriseStackProps) {
    const { options } = props
    const { signOn, staticPrefix } = options
    super(scope, id, {
      description: 'Trackyard: an MLflow tracking server',
      env: { account: options.account, region: options.region },
      tags: options.tags,
      ...(options.stackName && { stackName: options.stackName }),
      ...(options.permissionsBoundaryArn && {
        permissionsBoundary: PermissionsBoundary.fromArn(options.permissionsBoundaryArn),
      }),
      ...props,
    })
    for (const [name, value] of Object.entries(options.tags)) Tags.of(this).add(name, value)
    this.#zones = zonesOf(options)
    const logKey = newLogKey(this, 'LogKey')

    const network = new Network(this, 'Network', networkProps(this, options, logKey))
    const { vpc, privateSubnets, dataSubnets, httpsPeers } = network
    const place = { vpc, vpcSubnets: dataSubnets, logKey }
    const database = new Database(this, 'Database', databaseProps(this, options.database, place))
    database.requireRoomFor({
      ...options.database,
      tasks: maxReplicasOf(options.service, options.replicas),
      workers: options.workers,
      login: true,
    })
    const artifacts = new ArtifactBucket(this, 'Artifacts', bucketOf(this, options.artifacts))
    const edge = new Edge(this, 'Edge', {
      vpc,
      ...(!options.edge.internetFacing && { vpcSubnets: privateSubnets }),
      ...edgeProps(this, options, logKey),
    })
    const { adminPassword, secrets } = new SignOnSecrets(this, 'SignOnSecrets', { signOn })
    const { cluster, capacityProviderName } = new Cluster(this, 'Cluster', {
      vpc,
      vpcSubnets: privateSubnets,
      httpsPeers,
      ...clusterProps(options),
    })
    const image = this.image(options)
    const service = new Service(this, 'Service', {
      cluster,
      capacityProviderName,
      vpcSubnets: privateSubnets,
      image,
      databaseCredentials: database.credentials,
      databaseAdministrator: database.administrator,
      upgradeDatabase: options.database.upgrade,
      httpsPeers,
      logKey,
      ...serviceProps(options),
      settings: {
        ...serverSettings(options),
        tier: 'enterprise',
        hostName: options.edge.domainName,
        port: 443,
        database: databaseSettings(options.database, database.settings),
        artifacts: { kind: 's3', bucket: artifacts.bucketName, prefix: artifacts.prefix },
      },
      config: {
        trustedProxies: [vpc.vpcCidrBlock],
        ...(artifacts.hasObjectLock && { s3ObjectLock: true }),
        ...(isAtLoadBalancer(signOn.people) && { loadBalancerArn: edge.loadBalancer.loadBalancerArn }),
      },
      secrets,
      uploadTime: Duration.seconds(options.edge.uploadSeconds),
    })

    const targetGroup = service.serveOn(edge.listener)
    new SignOnRules(this, 'SignOnRules', { listener: edge.listener, targetGroup, signOn, staticPrefix })
    database.connections.allowDefaultPortFrom(service)
    database.grantLogin(service)
    artifacts.grantReadWrite(service)

    const url = `${edge.url}${staticPrefix}`
    const { dashboard } = watchStack(this, options.watching, {
      watched: {
        loadBalancer: edge.loadBalancer,
        targetGroup,
        service: service.service,
        database: database.instance,
        bucket: artifacts.bucket,
      },
      logGroup: service.logGroup,
      alarms: service.alarms,
      canary: {
        cluster,
        capacityProviderName,
        vpcSubnets: privateSubnets,
        image,
        url,
        listener: edge.listener,
        throughInternet: options.edge.internetFacing,
        logEncryptionKey: logKey,
      },
    })

    new Keeping(this, 'Keeping', {
      ...keepingProps(options.keeping),
      artifacts,
      database,
      task: {
        cluster,
        taskDefinition: service.service.taskDefinition,
        capacityProviderName,
        vpcSubnets: privateSubnets,
        securityGroups: service.connections.securityGroups,
        httpsPeers,
      },
      ...reportsTo(this, options.watching),
      logKey,
    })

    new CfnOutput(this, 'Url', { value: url })
    new CfnOutput(this, 'TrackingUri', { value: `export MLFLOW_TRACKING_URI=${url}` })
    new CfnOutput(this, 'DashboardName', { value: dashboard.dashboardName })
    new CfnOutput(this, 'AdminPasswordSecret', { value: adminPassword.secretArn })
    new CfnOutput(this, 'ArtifactBucketName', { value: artifacts.bucketName })
    new CfnOutput(this, 'DatabaseHost', { value: database.host })
    new CfnOutput(this, 'ServiceName', { value: service.service.serviceName })
    new CfnOutput(this, 'LogGroupName', { value: service.logGroup.logGroupName })
  }

  /** Without it, synth would ask AWS for the zones of an account. */
  override get availabilityZones(): string[] {
    return this.#zones
  }

  /** The image it is given, or the one of every tier, built when the stack is deployed. */
  private image({ image, service }: EnterpriseOptions): ContainerImage {
    if (image) return ContainerImage.fromRegistry(image)
    const asset = new DockerImageAsset(this, 'Image', {
      directory: REPOSITORY,
      file: 'docker/Dockerfile',
      platform: machineOf(service.architecture).platform,
      ignoreMode: IgnoreMode.DOCKER,
      // .dockerignore leaves these out, since docker build finds them by itself.
      exclude: ['!docker', '!docker/Dockerfile'],
    })
    return ContainerImage.fromDockerImageAsset(asset)
  }
}
