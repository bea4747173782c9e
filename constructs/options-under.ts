/**
 * The options under one prefix of a configuration that knows only text (Pulumi's stack configuration, CDK's context
 * on a command line): a text is JSON where it is JSON, such as 5001, true or ["a","b"], else itself.
 */
export function optionsUnder(
  prefix: string,
  configuration: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const ours = Object.entries(configuration).filter(([key]) => key.startsWith(prefix))
  return Object.fromEntries(
    ours.map(([key, value]) => [
      key.slice(prefix.length),
      typeof value === 'string' ? parseTextValue(value) : value,
    ]),
  )
}

function parseTextValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
