/** Rows for PostgreSQL as arrays, one a column: one short statement, the same for any number of rows. */

/** The text of an array. */
export function arrayOf(values: readonly unknown[]): string {
  return `{${values.map(element).join(',')}}`
}

function element(value: unknown): string {
  if (typeof value === 'string') return `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`
  return value === null || value === undefined ? 'NULL' : String(value)
}
