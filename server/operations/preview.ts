/** What a list of traces shows of a request and of a response. */
import { readJson } from '../otlp/span.ts'

const MOST_CHARACTERS = 1_000

type Json = Record<string, unknown>

/** The last message of a role where the JSON is a chat, else the JSON itself, cut to fit. */
export function previewOf(json: string | undefined, role: 'user' | 'assistant'): string | null {
  if (json === undefined) return null
  const messages = messagesIn(readJson(json))
  const message = messages.findLast((one) => one.role === role) ?? messages.at(-1)
  const text = (message && textOf(message.content)) || json
  const characters = Array.from(text)
  if (characters.length <= MOST_CHARACTERS) return text
  return `${characters.slice(0, MOST_CHARACTERS - 3).join('')}...`
}

/** The messages of a chat, in the shapes the common model servers give requests and answers. */
function messagesIn(value: unknown): Json[] {
  if (!isObject(value)) return []
  const [choice] = Array.isArray(value.choices) ? value.choices : []
  for (const list of [value.messages, isObject(choice) && [choice.message], value.input, value.output]) {
    const messages = Array.isArray(list) ? list.filter(isMessage) : []
    if (messages.length > 0) return messages
  }
  return isObject(value.request) ? messagesIn(value.request) : []
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  for (const part of content) {
    if (typeof part === 'string') return part
    if (isObject(part) && (part.type === 'text' || part.type === 'output_text'))
      return String(part.text ?? '')
  }
  return ''
}

function isMessage(value: unknown): value is Json {
  return isObject(value) && 'role' in value && 'content' in value
}

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
