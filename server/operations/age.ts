import { invalidParameter } from '../errors.ts'

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const
const AGE = /^(?:([\d.]+)d)?(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?$/

/**
 * Milliseconds of an age as `mlflow gc` writes it: `30d`, `8h`, `2d8h5m20s`.
 * @throws ApiError INVALID_PARAMETER_VALUE
 */
export function parseAge(text: string): number {
  const [, ...numbers] = AGE.exec(text) ?? []
  const sum = Object.values(UNITS).reduce((total, unit, at) => total + Number(numbers[at] ?? 0) * unit, 0)
  if (text === '' || numbers.length === 0 || Number.isNaN(sum)) {
    throw invalidParameter(`'${text}' is no age; examples of valid ones: '30d', '8h', '2d8h5m20s'`)
  }
  return Math.round(sum)
}
