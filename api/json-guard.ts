/**
 * What a JSON body may not hold, whatever its schema says: names that reach a prototype, characters
 * that PostgreSQL cannot store, numbers that are none, nesting without end.
 */

export interface BadJson {
  /** JSON pointer. */
  readonly pointer: string
  readonly detail: string
  readonly value: unknown
}

export const DEPTH_MAX = 32

/** Deepest nesting of the text, found without parsing it. Stops counting beyond the limit. */
export function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length && deepest <= DEPTH_MAX; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === 92) i++
      else if (code === 34) inString = false
    } else if (code === 34) inString = true
    else if (code === 123 || code === 91) deepest = Math.max(deepest, ++depth)
    else if (code === 125 || code === 93) depth--
  }
  return deepest
}

const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

function judgeText(text: string): string | undefined {
  if (text.includes('\0')) return 'holds the character NUL, which cannot be stored'
  if (!text.isWellFormed()) return 'holds half of a surrogate pair, which is no character'
  return undefined
}

function judgeName(name: string, value: unknown): string | undefined {
  if (name === '__proto__') return 'is a name that is not taken'
  const reaches =
    name === 'constructor' &&
    typeof value === 'object' &&
    value !== null &&
    Object.hasOwn(value, 'prototype')
  return reaches ? 'is a name that is not taken with a prototype in it' : judgeText(name)
}

/** The first thing in a parsed body that is not taken, or undefined. */
export function findBadJson(value: unknown, pointer = ''): BadJson | undefined {
  if (typeof value === 'string') {
    const detail = judgeText(value)
    return detail === undefined ? undefined : {pointer, detail, value}
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return {pointer, detail: 'is too large for a number', value: String(value)}
  }
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, item] of Object.entries(value)) {
    const at = `${pointer}/${escapePointer(name)}`
    const detail = Array.isArray(value) ? undefined : judgeName(name, item)
    const bad = detail === undefined ? findBadJson(item, at) : {pointer: at, detail, value: name}
    if (bad !== undefined) return bad
  }
  return undefined
}
