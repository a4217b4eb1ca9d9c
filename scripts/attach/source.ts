/**
 * Finds object literals in the text of a declaration, and puts other text in their place. Pure.
 *
 * Does not      understand TypeScript: it tells strings, comments and brackets apart. Whoever changes a file so looks
 *               afterwards whether it declares what it should.
 */

export interface Property {
  /** Its name; empty of what has none, as `...rest`. */
  readonly name: string
  readonly start: number
  /** Where the value begins; the name, where it stands for both. */
  readonly valueStart: number
  /** Behind the value. */
  readonly end: number
}

export interface Literal {
  /** Of its brackets. */
  readonly open: number
  readonly close: number
  readonly properties: readonly Property[]
}

export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** A text with all edits made, none of which touches another. */
export const applyEdits = (text: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((now, {start, end, text: put}) => now.slice(0, start) + put + now.slice(end), text)

const QUOTES = `'"\``
const OPENING = '([{'
const CLOSING = ')]}'

/** Index behind a string, a comment, or one other character. */
function stepOver(text: string, at: number): number {
  const first = text[at]!
  if (text.startsWith('//', at)) {
    const end = text.indexOf('\n', at)
    return end < 0 ? text.length : end
  }
  if (text.startsWith('/*', at)) {
    const end = text.indexOf('*/', at + 2)
    return end < 0 ? text.length : end + 2
  }
  if (!QUOTES.includes(first)) return at + 1
  let i = at + 1
  while (i < text.length && text[i] !== first) i += text[i] === '\\' ? 2 : 1
  return i + 1
}

const isComment = (text: string, at: number): boolean =>
  text.startsWith('//', at) || text.startsWith('/*', at)

/** Index of the next character that is neither blank nor part of a comment. */
export function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length) {
    if (/\s/.test(text[at]!)) at += 1
    else if (isComment(text, at)) at = stepOver(text, at)
    else return at
  }
  return at
}

/** Index of the bracket that closes the one at `open`; the end of the text when none does. */
export function closeOf(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at = stepOver(text, at)) {
    if (OPENING.includes(text[at]!)) depth += 1
    else if (CLOSING.includes(text[at]!)) depth -= 1
    if (depth === 0) return at
  }
  return text.length
}

/** The characters of a string literal, as this project writes them. */
export const unquote = (literal: string): string =>
  literal
    .slice(1, -1)
    .replaceAll(/\\(.)/gs, (_, character: string) => (character === 'n' ? '\n' : character))

const NAME = /^(?:\[\s*)?('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|[\w$]+)(?:\s*\])?/s

function readProperty(text: string, from: number, to: number): Property {
  const start = skipBlanks(text, from)
  const found = NAME.exec(text.slice(start, to))
  const name = found === null ? '' : /^['"]/.test(found[1]!) ? unquote(found[1]!) : found[1]!
  const colon = skipBlanks(text, start + (found?.[0].length ?? 0))
  const isPair = text[colon] === ':' && colon < to
  const valueStart = isPair ? skipBlanks(text, colon + 1) : start
  let end = valueStart
  for (let at = valueStart; at < to; at = stepOver(text, at)) {
    if (!isComment(text, at) && !/\s/.test(text[at]!)) end = stepOver(text, at)
  }
  return {name, start, valueStart, end}
}

/** The literal whose bracket is at `open`. */
export function readLiteral(text: string, open: number): Literal {
  const close = closeOf(text, open)
  const properties: Property[] = []
  let from = open + 1
  for (let at = from; at <= close;) {
    const isEnd = at === close
    if (isEnd || text[at] === ',') {
      if (skipBlanks(text, from) < at) properties.push(readProperty(text, from, at))
      from = at + 1
      at += 1
    } else at = OPENING.includes(text[at]!) ? closeOf(text, at) + 1 : stepOver(text, at)
  }
  return {open, close, properties}
}

/** Takes a property away, with its line where it has one for itself. */
export function removal(text: string, {start, end}: Property): Edit {
  const next = skipBlanks(text, end)
  const behind = text[next] === ',' ? next + 1 : end
  const lineStart = text.lastIndexOf('\n', start) + 1
  const lineEnd = text.indexOf('\n', behind)
  const isAlone =
    text.slice(lineStart, start).trim() === '' &&
    lineEnd >= 0 &&
    /^\s*(\/\/.*)?$/.test(text.slice(behind, lineEnd))
  if (isAlone) return {start: lineStart, end: lineEnd + 1, text: ''}
  return {start, end: /\s/.test(text[behind] ?? '') ? behind + 1 : behind, text: ''}
}

/** Puts properties behind another one of the same literal, in its way to write them. */
export function insertion(text: string, after: Property, added: readonly string[]): Edit {
  const next = skipBlanks(text, after.end)
  const hasComma = text[next] === ','
  const behind = hasComma ? next + 1 : after.end
  const lineStart = text.lastIndexOf('\n', after.start) + 1
  const indent = text.slice(lineStart, after.start)
  if (indent.trim() !== '') {
    return {
      start: behind,
      end: behind,
      text: `${hasComma ? ' ' : ', '}${added.join(', ')}${hasComma ? ',' : ''}`,
    }
  }
  const lines = added.map(one => `\n${indent}${one},`).join('')
  if (!hasComma) return {start: after.end, end: after.end, text: `,${lines}`}
  // A comment behind it stays on its line.
  const rest = /^[^\S\n]*\/\/[^\n]*/.exec(text.slice(behind))?.[0] ?? ''
  const at = behind + rest.length
  return {start: at, end: at, text: lines}
}
