import { randomBytes, randomUUID } from 'node:crypto'

/** An id as MLflow makes them for runs, inputs and logged models: 32 hexadecimal digits. */
export function newHexId(): string {
  return randomUUID().replaceAll('-', '')
}

/** A UUID (version 7) that sorts by its time, to a fraction of a microsecond. */
export function newSortedId(): string {
  const now = performance.timeOrigin + performance.now()
  const time = Math.floor(now).toString(16).padStart(12, '0')
  const fraction = Math.floor((now % 1) * 4096)
    .toString(16)
    .padStart(3, '0')
  const random = randomBytes(8)
  random[0] = 0x80 | ((random[0] ?? 0) & 0x3f)
  const rest = random.toString('hex')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${fraction}-${rest.slice(0, 4)}-${rest.slice(4)}`
}
