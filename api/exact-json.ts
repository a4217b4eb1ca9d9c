/** JSON as it was stored: numbers keep all their digits, which a double does not have. */

/** Deeper, nothing that reads or prints JSON by recursion would come back. */
export const DEPTH_MAX = 1000

/** What is served in the place of a document that is deeper. */
export const TOO_DEEP = `(nested more than ${DEPTH_MAX} levels deep)`

/** Numbers that may be printed otherwise than they are written. */
const DOUBTFUL = /[.eE]|\d{16}/

const QUOTE = 34
const BACKSLASH = 92

/** How deep lists and objects of a JSON text are nested. */
function depthOf(text: string): number {
  let [depth, most] = [0, 0]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      for (i++; i < text.length && text.charCodeAt(i) !== QUOTE; i++) {
        if (text.charCodeAt(i) === BACKSLASH) i++
      }
    } else if (code === 91 || code === 123) most = Math.max(most, ++depth)
    else if (code === 93 || code === 125) depth--
  }
  return most
}

/** ECMAScript's proposal of 2025, which the types do not know yet. */
const {rawJSON} = JSON as unknown as {readonly rawJSON: (text: string) => unknown}

function keepDigits(_: string, value: unknown, context?: {readonly source?: string}): unknown {
  const source = context?.source
  if (typeof value !== 'number' || source === undefined || String(value) === source) return value
  return rawJSON(source)
}

/**
 * What `JSON.stringify` prints as it was written, up to blanks.
 *
 * @returns the text itself when it is no JSON, `TOO_DEEP` when it is nested too deeply
 */
export function parseExact(text: string): unknown {
  if (depthOf(text) > DEPTH_MAX) return TOO_DEEP
  try {
    return DOUBTFUL.test(text)
      ? (JSON.parse(text, keepDigits) as unknown)
      : (JSON.parse(text) as unknown)
  } catch {
    return text
  }
}
