import { HEALTH_CHECK } from '../container.ts'

/** How often a container is asked for its health, and when a stack gives up waiting for it. */
export function watched(
  command: readonly string[],
  startPeriodSeconds: number = HEALTH_CHECK.startPeriodSeconds,
) {
  return {
    healthcheck: {
      tests: [...command],
      interval: `${HEALTH_CHECK.intervalSeconds}s`,
      timeout: `${HEALTH_CHECK.timeoutSeconds}s`,
      startPeriod: `${startPeriodSeconds}s`,
      startInterval: `${HEALTH_CHECK.startIntervalSeconds}s`,
      retries: HEALTH_CHECK.retries,
    },
    wait: true,
    waitTimeout: startPeriodSeconds,
  }
}
