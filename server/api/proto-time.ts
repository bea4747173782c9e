/** Protobuf's Timestamp and Duration as JSON: text on the wire, milliseconds here. */
import { z } from 'zod'
import { int64 } from '../wire.ts'

/** Beyond these a date has no four digits for its year, and no text of protobuf's. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z')
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')

const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/
// Clients print a float: more digits than the nine of the standard.
const DURATION = /^(-?)(\d{1,12})(?:\.(\d{1,30}))?s$/

/** A moment, such as `2025-01-02T03:04:05.678Z`. */
export const timestamp = () => z.string().transform(parsed(parseTimestamp, 'expected a timestamp'))

/** A span of time, such as `1.234s`. */
export const duration = () => z.string().transform(parsed(parseDuration, 'expected a duration'))

/** A moment in milliseconds since 1970, such as `1735787045678`. */
export const moment = () =>
  int64().refine((value) => value >= FIRST_MS && value <= LAST_MS, {
    error: 'expected a time that has a date',
  })

/** The nearest date, where another server stored a time that has none. */
export function wireTimestamp(milliseconds: number): string {
  return new Date(Math.min(Math.max(milliseconds, FIRST_MS), LAST_MS)).toISOString().replace('.000Z', 'Z')
}

export function wireDuration(milliseconds: number): string {
  const fraction = Math.abs(milliseconds) % 1000
  const seconds = Math.floor(Math.abs(milliseconds) / 1000)
  const digits = fraction === 0 ? '' : `.${String(fraction).padStart(3, '0')}`
  return `${milliseconds < 0 ? '-' : ''}${seconds}${digits}s`
}

function parsed(parse: (value: string) => number | undefined, message: string) {
  return (value: string, context: z.RefinementCtx): number => {
    const milliseconds = parse(value)
    if (milliseconds !== undefined) return milliseconds
    context.issues.push({ code: 'custom', message, input: value })
    return z.NEVER
  }
}

function parseTimestamp(value: string): number | undefined {
  const [, seconds, fraction = '', zone] = TIMESTAMP.exec(value) ?? []
  if (seconds === undefined) return undefined
  const whole = Date.parse(`${seconds}${zone}`)
  return Number.isNaN(whole) ? undefined : whole + milliseconds(fraction)
}

function parseDuration(value: string): number | undefined {
  const [, sign, seconds, fraction = ''] = DURATION.exec(value) ?? []
  if (seconds === undefined) return undefined
  const total = Number(seconds) * 1000 + milliseconds(fraction)
  return sign === '-' ? -total : total
}

function milliseconds(fraction: string): number {
  return Number(fraction.slice(0, 3).padEnd(3, '0'))
}
