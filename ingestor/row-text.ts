/**
 * Reads the JSON text of a row as PostgreSQL prints it, without building values that are only passed
 * on: a column of JSON stays exactly the text it was, large numbers included.
 */
import {PipelineError} from '../platform/errors.ts'

const QUOTE = 34
const BACKSLASH = 92

/** Index after the string that starts at `at`. */
function skipString(text: string, at: number): number {
  for (let i = at + 1; ; i++) {
    const end = text.indexOf('"', i)
    if (end < 0) throw broken(text)
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1
    if (slashes % 2 === 0) return end + 1
    i = end
  }
}

/** Index after the value that starts at `at`. @throws `ENCODE_FAILED` */
export function skipValue(text: string, at: number): number {
  const first = text[at]
  if (first === '"') return skipString(text, at)
  if (first !== '{' && first !== '[') {
    let i = at
    while (i < text.length && text[i] !== ',' && text[i] !== '}' && text[i] !== ']') i++
    return i
  }
  let depth = 0
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = skipString(text, i) - 1
    else if (code === 123 || code === 91) depth += 1
    else if (code === 125 || code === 93) {
      depth -= 1
      if (depth === 0) return i + 1
    }
  }
  throw broken(text)
}

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13)

/** Members of a JSON object: name → the text of its value, trimmed. @throws `ENCODE_FAILED` */
export function readMembers(text: string): Map<string, string> {
  const members = new Map<string, string>()
  let i = text.indexOf('{') + 1
  if (i === 0) throw broken(text)
  for (;;) {
    while (isSpace(text.charCodeAt(i)) || text.charCodeAt(i) === 44) i++
    if (text[i] === '}') return members
    if (text[i] !== '"') throw broken(text)
    const nameEnd = skipString(text, i)
    const quoted = text.slice(i, nameEnd)
    const name = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
    i = nameEnd
    while (isSpace(text.charCodeAt(i)) || text.charCodeAt(i) === 58) i++
    const end = skipValue(text, i)
    members.set(name, text.slice(i, end).trimEnd())
    i = end
  }
}

const broken = (text: string): PipelineError =>
  new PipelineError('ENCODE_FAILED', `not a JSON object: ${text.slice(0, 100)}`, {
    disposition: 'dead-letter',
  })
