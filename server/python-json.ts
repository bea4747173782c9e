/** JSON spelt as Python's json.dumps spells it, so that a text reads the same whichever server wrote it. */

/** A number that Python holds as a float: it is written with a point even where it is whole. */
export class PythonFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** `ascii` has everything beyond ASCII escaped, which is Python's default. */
export function pythonJson(value: unknown, { ascii = true }: { ascii?: boolean } = {}): string {
  if (Array.isArray(value)) return `[${value.map((item) => pythonJson(item, { ascii })).join(', ')}]`
  if (value instanceof PythonFloat) return pythonNumber(value.value, true)
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).map(
      ([key, field]) => `${pythonString(key, ascii)}: ${pythonJson(field, { ascii })}`,
    )
    return `{${fields.join(', ')}}`
  }
  if (typeof value === 'string') return pythonString(value, ascii)
  if (typeof value === 'number') return pythonNumber(value, !Number.isInteger(value))
  return String(value ?? null)
}

function pythonString(value: string, ascii: boolean): string {
  const json = JSON.stringify(value)
  if (!ascii) return json
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The shortest digits, as in JavaScript; but the exponent starts elsewhere and has two digits. */
function pythonNumber(value: number, isFloat: boolean): string {
  if (!isFloat) return BigInt(value).toString()
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  }
  return Number.isInteger(value) ? `${Object.is(value, -0) ? '-0' : value}.0` : String(value)
}
