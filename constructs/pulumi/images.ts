import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'

/** An image to build on the engine that runs it. */
export interface ImageBuild {
  /** Folder that is sent to the engine. */
  readonly context: pulumi.Input<string>
  /** @default docker/Dockerfile in the context */
  readonly dockerfile?: pulumi.Input<string>
}

/** A reference to an image of a registry, how to build one, or the id of one that is on the engine. */
export type ImageSource =
  | pulumi.Input<string>
  | { readonly build: ImageBuild }
  | { readonly id: pulumi.Input<string> }

/** The image of the server by its content, so that a container is replaced when the image changes under the same name. */
export function serverImage(
  name: string,
  image: ImageSource,
  tag: pulumi.Input<string>,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  if (typeof image === 'string' || pulumi.Output.isInstance(image) || image instanceof Promise) {
    return remoteImage(name, image, parent)
  }
  if ('id' in image) return pulumi.output(image.id)
  const { context, dockerfile = pulumi.interpolate`${context}/docker/Dockerfile` } = image.build
  return new docker.Image(
    `${name}-image`,
    { imageName: pulumi.interpolate`${tag}:local`, skipPush: true, build: { context, dockerfile } },
    { parent },
  ).repoDigest
}

/** An image of a registry, by its content; it stays on the engine when the stack goes. */
export function remoteImage(
  name: string,
  reference: pulumi.Input<string>,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  return new docker.RemoteImage(`${name}-image`, { name: reference, keepLocally: true }, { parent }).imageId
}
