/**
 * A value of a configuration that knows only text (Pulumi's stack configuration, CDK's context on a command line):
 * JSON where it is JSON, such as 5001, true or ["a","b"], else the text itself.
 */
export function parseTextValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
