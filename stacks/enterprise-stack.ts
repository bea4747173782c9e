import { join } from 'node:path'
import { CfnOutput, IgnoreMode, PermissionsBoundary, Stack, type StackProps, Tags } from 'aws-cdk-lib'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import { DockerImageAsset } from 'aws-cdk-lib/aws-ecr-assets'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import type { Construct } from 'constructs'
import { machineOf } from '../constructs/cdk/architecture.ts'
import { ArtifactBucket } from '../constructs/cdk/artifact-bucket.ts'
import { Cluster } from '../constructs/cdk/cluster.ts'
import { Database } from '../constructs/cdk/database.ts'
import { Edge } from '../constructs/cdk/edge.ts'
import { newLogKey } from '../constructs/cdk/log-key.ts'
import { Network } from '../constructs/cdk/network.ts'
import { Service } from '../constructs/cdk/service.ts'
import { bucketOf } from './artifact-source.ts'
import { clusterProps, networkProps, serviceProps, zonesOf } from './enterprise-compute.ts'
import { type EnterpriseOptions, serverSettings } from './enterprise-options.ts'
import { watchStack } from './enterprise-watching.ts'

const REPOSITORY = join(import.meta.dirname, '..')

export interface EnterpriseStackProps extends StackProps {
  readonly options: EnterpriseOptions
}

/** A tracking server for a company: every part is a construct of its own, here they meet. */
export class EnterpriseStack extends Stack {
  readonly #zones: string[]

  constructor(scope: Construct, id: string, props: EnterpriseStackProps) {
    const { options } = props
    super(scope, id, {
      description: 'Trackyard: an MLflow tracking server',
      env: { account: options.account, region: options.region },
      tags: options.tags,
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
    const database = new Database(this, 'Database', { vpc, vpcSubnets: dataSubnets })
    const artifacts = new ArtifactBucket(this, 'Artifacts', bucketOf(this, options.artifacts))
    const edge = new Edge(this, 'Edge', {
      vpc,
      ...(!options.internetFacing && { vpcSubnets: privateSubnets }),
      ...this.edgeAccess(options),
    })
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
      httpsPeers,
      logKey,
      ...serviceProps(options),
      settings: {
        ...serverSettings(options),
        tier: 'enterprise',
        allowedHosts: [edge.hostName, ...options.allowedHosts],
        database: { kind: 'postgres', host: database.host, port: database.port, name: database.databaseName },
        artifacts: { kind: 's3', bucket: artifacts.bucketName, prefix: artifacts.prefix },
      },
    })

    const targetGroup = service.serveOn(edge.listener)
    database.connections.allowDefaultPortFrom(service)
    artifacts.grantReadWrite(service)

    const url = `${edge.url}${options.staticPrefix}`
    const { dashboard } = watchStack(this, options.watching, {
      watched: {
        loadBalancer: edge.loadBalancer,
        targetGroup,
        service: service.service,
        database: database.instance,
        bucket: artifacts.bucket,
      },
      logGroup: service.logGroup,
      canary: {
        ...{ cluster, capacityProviderName, vpcSubnets: privateSubnets, image, url },
        ...{ listener: edge.listener, throughInternet: options.internetFacing },
      },
    })

    new CfnOutput(this, 'Url', { value: url })
    new CfnOutput(this, 'TrackingUri', { value: `export MLFLOW_TRACKING_URI=${url}` })
    new CfnOutput(this, 'DashboardName', { value: dashboard.dashboardName })
    new CfnOutput(this, 'ArtifactBucketName', { value: artifacts.bucketName })
    new CfnOutput(this, 'DatabaseHost', { value: database.host })
    new CfnOutput(this, 'ServiceName', { value: service.service.serviceName })
    new CfnOutput(this, 'LogGroupName', { value: service.logGroup.logGroupName })
  }

  /** Without it, synth would ask AWS for the zones of an account. */
  override get availabilityZones(): string[] {
    return this.#zones
  }

  private edgeAccess({ certificateArn, domainName, clients, internetFacing }: EnterpriseOptions) {
    const tls =
      certificateArn && domainName
        ? { certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn), domainName }
        : undefined
    return { tls, internetFacing, clients: clients?.map((range) => ec2.Peer.ipv4(range)) }
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
