import { type Finding, failed, ok } from './finding.ts'

/** Tokens and signed URLs are refused from about a minute on; half of it leaves time to act. */
const MOST_SKEW_MS = 30_000

/** How far apart two clocks are: this machine's, and the one that `whose` names. */
export function clockFinding(skewMs: number, whose: string): Finding {
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  const found = `this clock is ${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} ${whose}`
  return seconds * 1000 <= MOST_SKEW_MS
    ? ok(`${seconds} s from ${whose}`)
    : failed(found, 'let both machines take their time from a server of NTP (timedatectl set-ntp true)')
}
