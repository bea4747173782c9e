import { z } from 'zod'
import { text, wholeNumber } from '../../constructs/option-types.ts'

/** The instances, and how many servers run on them; `replicas`, `memoryMiB` and `workers` are beside it. */
export const serviceOptions = z
  .strictObject({
    /** Processors of the instances, and of the image built for them: `arm64` (Graviton) or `x86_64`. @default arm64 */
    architecture: z.enum(['arm64', 'x86_64'], { error: 'must be arm64 or x86_64' }).default('arm64'),
    /** Type of the instances. @default m7g.large, or m7i.large for x86_64 */
    instanceType: text(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, 'must be a type such as m7g.large').optional(),
    /** Instances at least. @default as many as replicas, at least two */
    minInstances: wholeNumber(1, 100).optional(),
    /** Instances at most; a deployment runs twice the containers for its time. @default twice as many as maxReplicas */
    maxInstances: wholeNumber(1, 400).optional(),
    /** Days after which an instance is replaced by one with the newest system, from 1 to 30. @default 14 */
    maxInstanceDays: wholeNumber(1, 30, 'days').default(14),
    /** Disk of an instance, in GiB. @default 40 */
    diskGiB: wholeNumber(30, 16_384, 'GiB').default(40),
    /** CPU shares a container is sure of; 1024 are one core. @default 1024 for each of `workers` */
    cpu: wholeNumber(128, 196_608).optional(),
    /** Containers at most; `replicas` are the least. @default three times replicas */
    maxReplicas: wholeNumber(1, 200).optional(),
    /** Share of `cpu` in use before there are more containers, in percent. @default 60 */
    targetCpuPercent: wholeNumber(10, 90, 'percent').default(60),
    /** Requests a minute that a container takes before there are more. @default 3000 */
    targetRequestsPerMinute: wholeNumber(1, 10_000_000).default(3000),
    /** Failed requests a minute, twice in three minutes, that roll a deployment back. @default 10 */
    rollbackErrorsPerMinute: wholeNumber(1, 1_000_000).default(10),
  })
  .refine(({ minInstances = 1, maxInstances = minInstances }) => maxInstances >= minInstances, {
    path: ['maxInstances'],
    error: 'must be at least minInstances',
  })

export type ServiceOptions = z.output<typeof serviceOptions>

/** Containers at most; a deployment runs old and new ones side by side, so twice as many for its time. */
export function maxReplicasOf(service: ServiceOptions, replicas: number): number {
  return service.maxReplicas ?? 3 * replicas
}
