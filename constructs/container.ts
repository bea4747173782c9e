/** How every tier runs its containers; docker-compose.yaml says the same, and a test compares them. */
import type { TrackingSettings } from './settings.ts'

/** User and group of the image; neither exists on any host, so a file of theirs is nobody else's. */
export const CONTAINER_USER = '50000:50000'

/** The only folder besides the data folder a container may write to; it is gone with the container. */
export const SCRATCH = { path: '/tmp', sizeMiB: 64 } as const

/** The folder a container finds the files in that it is handed: secrets, scripts, configuration. */
export const FILES_FOLDER = '/run/trackyard'

/** The image's own health check, for orchestrators that want to be told. */
export const HEALTH_CHECK = {
  command: ['CMD', 'trackyard', 'health'],
  intervalSeconds: 30,
  timeoutSeconds: 5,
  startPeriodSeconds: 60,
  startIntervalSeconds: 1,
  retries: 3,
} as const

/** A container's log on its host is at most the product of the two. */
export const LOG_ROTATION = { maxSizeMiB: 10, maxFiles: 3 } as const

/** Time from SIGTERM to SIGKILL: the server's own leave and drain, and room to close the database. */
export function stopTimeoutSeconds({ leaveSeconds, drainSeconds }: TrackingSettings): number {
  return leaveSeconds + drainSeconds + 10
}

/** Options of a tmpfs that nothing is started from. */
export function tmpfsOptions(sizeMiB: number, owner = 'mode=1777'): string {
  return `size=${sizeMiB}m,${owner},noexec,nosuid,nodev`
}
