import { HEALTH_CHECK } from '../container.ts'

/** How often a container is asked for its health, and when a stack gives up waiting for it. */
export function watched(
  command: readonly string[],
  startPeriodSeconds: number = HEALTH_CHECK.startPeriodSeconds,
) {
  return {
    healthcheck: {
      tests: [...command],
      interval: duration(HEALTH_CHECK.intervalSeconds),
      timeout: duration(HEALTH_CHECK.timeoutSeconds),
      startPeriod: duration(startPeriodSeconds),
      startInterval: duration(HEALTH_CHECK.startIntervalSeconds),
      retries: HEALTH_CHECK.retries,
    },
    wait: true,
    waitTimeout: startPeriodSeconds,
  }
}

/** As the provider reads it back: a container whose health check is written otherwise is replaced by every `pulumi up`. */
export function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return `${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds % 60}s`
}
