/** Single values of the JSON that PostgreSQL prints. Undefined: the text has no such value. Pure. */

/** The characters of a JSON string. */
const unquote = (raw: string): string =>
  raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)

export const quotedOf = (raw: string): string | undefined =>
  raw.startsWith('"') ? unquote(raw) : undefined

/** Of a string its characters, of anything else what is printed. */
export const textOf = (raw: string): string => quotedOf(raw) ?? raw

export function integerOf(raw: string, min: number, max: number): number | undefined {
  const value = Number(raw)
  return Number.isInteger(value) && value >= min && value <= max ? value : undefined
}

/** PostgreSQL prints what JSON has no number for as text. */
export function doubleOf(raw: string): number | undefined {
  const text = textOf(raw)
  const value = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isNaN(value) && text !== 'NaN' ? undefined : value
}

/** A column of PostgreSQL has a thousand digits before the point, and as many behind it. */
const DECIMAL_CHARACTERS_MAX = 2_100
/** An application that emits a message itself may quote a number, to keep its digits. */
const DECIMAL = /^"?(-?)0*(\d+?)(?:\.(\d*?)0*)?"?$/

/** A number with exactly the digits of the scale. Zeros behind them are let go, other digits are not. */
export function digitsOf(raw: string, precision: number, scale: number): string | undefined {
  const found = raw.length > DECIMAL_CHARACTERS_MAX ? null : DECIMAL.exec(raw)
  const [, sign, whole = '', fraction = ''] = found ?? []
  const digits = (whole === '0' ? 0 : whole.length) + scale
  if (whole === '' || fraction.length > scale || digits > precision) return undefined
  const text = scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}`
  return whole === '0' && fraction === '' ? text : `${sign}${text}`
}

const INTERVAL =
  /^P(?!$)(?:-?\d+Y)?(?:-?\d+M)?(?:-?\d+D)?(?:T(?!$)(?:-?\d+H)?(?:-?\d+M)?(?:-?\d+(?:\.\d+)?S)?)?$/

/** In ISO 8601, whose `infinity` is PostgreSQL's. */
export const intervalOf = (text: string): string | undefined =>
  INTERVAL.test(text) || text === 'infinity' || text === '-infinity' ? text : undefined

export const bytesOfHex = (text: string): Buffer | undefined =>
  text.length % 2 === 0 && /^\\x[\da-f]*$/i.test(text)
    ? Buffer.from(text.slice(2), 'hex')
    : undefined

const ELEMENT = /\s*("[^"\\]*(?:\\.[^"\\]*)*"|[^\s"[\]{},]+)\s*(?:,|$)/y

/** JSON of the elements of a flat list. */
export function elementsOf(raw: string): readonly string[] | undefined {
  if (!raw.startsWith('[') || !raw.endsWith(']')) return undefined
  const inner = raw.slice(1, -1)
  const elements: string[] = []
  if (inner.trim() === '') return elements
  for (let at = 0; at < inner.length; at = ELEMENT.lastIndex) {
    ELEMENT.lastIndex = at
    const found = ELEMENT.exec(inner)
    if (found === null) return undefined
    elements.push(found[1]!)
  }
  return elements
}
