import type { ContainerArgs } from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { LOG_ROTATION } from '../container.ts'

export type Labels = Readonly<Record<string, pulumi.Input<string>>>

/** What a container may do, use and write. */
export interface Confinement {
  readonly user: string
  readonly memoryMiB: pulumi.Input<number>
  readonly cpus: pulumi.Input<number>
  /** Folders that are gone with the container, and the options of each. */
  readonly tmpfs: Readonly<Record<string, string>>
  /** Time from the signal to end to SIGKILL, in seconds. */
  readonly stopSeconds: pulumi.Input<number>
  /** @default none */
  readonly capabilities?: readonly string[]
  readonly labels: pulumi.Input<Labels>
}

/** A container that writes to its volumes only, gains no rights, leaves its host room, and comes back when it dies. */
export function confined(confinement: Confinement) {
  const { user, memoryMiB, cpus, tmpfs, stopSeconds, capabilities = [], labels } = confinement
  return {
    user,
    readOnly: true,
    capabilities: { drops: ['ALL'], ...(capabilities.length > 0 && { adds: [...capabilities] }) },
    securityOpts: ['no-new-privileges:true'],
    tmpfs: { ...tmpfs },
    memory: memoryMiB,
    // Equal to memory: no swap on top of it.
    memorySwap: memoryMiB,
    cpus: pulumi.output(cpus).apply(coreCount),
    restart: 'unless-stopped',
    stopTimeout: stopSeconds,
    // Without it the provider kills a container that it replaces.
    destroyGraceSeconds: stopSeconds,
    logDriver: 'json-file',
    logOpts: { 'max-size': `${LOG_ROTATION.maxSizeMiB}m`, 'max-file': `${LOG_ROTATION.maxFiles}` },
    labels: labelList(labels),
  } satisfies Partial<ContainerArgs>
}

/** As the provider reads it back: a container whose `cpus` is written otherwise is replaced by every `pulumi up`. */
export function coreCount(cpus: number): string {
  if (!Number.isInteger(cpus)) return `${cpus}`
  // Its own way with the zeros behind the point.
  return `${cpus}`.includes('0') ? `${cpus}.` : `${cpus}.0`
}

/** Labels as the provider takes them. */
export function labelList(labels: pulumi.Input<Labels> = {}) {
  return pulumi
    .output(labels)
    .apply((known) => Object.entries(known).map(([label, value]) => ({ label, value })))
}

/** Variables as the provider takes them. */
export function environmentList(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).map(([variable, value]) => `${variable}=${value}`)
}
