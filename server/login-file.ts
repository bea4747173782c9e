/** Reads MLflow's file of the login as Python's `configparser` does, as far as such files go. */

/** Its section `mlflow`, by keys in lower case. @throws Error in one line for a text that it does not take either */
export function parseLoginFile(text: string): Map<string, string> {
  const sections = new Map<string, Map<string, string>>()
  let values: Map<string, string> | undefined
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*([#;]|$)/.test(line)) continue
    const section = /^\[([^\]]+)\]/.exec(line)?.[1]
    const [, key, value] = /^([^\s=:][^=:]*)[=:](.*)$/.exec(line) ?? []
    if (section !== undefined) {
      values = sections.get(section) ?? new Map()
      sections.set(section, values)
    } else if (values && key !== undefined && value !== undefined) {
      values.set(key.trim().toLowerCase(), interpolated(value.trim(), index + 1))
    } else throw new Error(`line ${index + 1} is neither a [section] nor key = value`)
  }
  const own = sections.get('mlflow')
  if (!own) throw new Error('there is no section [mlflow]')
  return new Map([...(sections.get('DEFAULT') ?? []), ...own])
}

/** In such a file a percent sign is written twice. */
function interpolated(value: string, line: number): string {
  if (/%/.test(value.replaceAll('%%', ''))) {
    throw new Error(`line ${line} has a single %: write %% for a percent sign`)
  }
  return value.replaceAll('%%', '%')
}
