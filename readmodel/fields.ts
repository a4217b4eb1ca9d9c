/**
 * Values of an event by the names that a declaration uses: columns, JSON paths, looked-up columns. Pure.
 *
 * An event is a decoded record, or a raw row read back: an object of fields; what a path finds is kept
 * in it under the path's name.
 */
import {KINDS} from '../contracts/kinds.ts'
import {acceptedOf, isPresence, type Condition} from '../contracts/measures.ts'
import {countableOf, type JsonPath, type Stream} from '../contracts/stream.ts'
import type {Whole} from './bytes.ts'

export type Fields = Readonly<Record<string, unknown>>
/** The value of a name; null also where the event has no such field. */
export type Getter = (event: Fields) => unknown
/** The text of a value, as keys and split values name it. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : String(value)

export type Predicate = (event: Fields) => boolean

export function getterOf(name: string): Getter {
  const dot = name.indexOf('.')
  if (dot < 0) return event => event[name] ?? null
  const [alias, column] = [name.slice(0, dot), name.slice(dot + 1)]
  return event => (event[alias] as Fields | null | undefined)?.[column] ?? null
}

/** Whether an event meets every part of a condition. */
export function predicateOf(where: Condition | undefined): Predicate | undefined {
  const parts = Object.entries(where ?? {}).map(([name, wanted]): Predicate => {
    const get = getterOf(name)
    if (isPresence(wanted)) return event => get(event) !== null
    const values = new Set<unknown>(acceptedOf(wanted))
    return event => values.has(get(event))
  })
  const [first, ...others] = parts
  if (first === undefined) return undefined
  if (others.length === 0) return first
  return event => parts.every(part => part(event))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function valueAt(json: unknown, {path, kind}: JsonPath): string | number | null {
  let at = json
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) return null
    at = Object.hasOwn(at, name) ? (at as Fields)[name] : null
  }
  if (kind === 'text') return typeof at === 'string' ? at : null
  return typeof at === 'number' && Number.isSafeInteger(at) ? at + 0 : null
}

/** Puts what the stream's paths find into the event, once. */
export function pathReader({paths}: Pick<Stream, 'paths'>): (event: Fields) => void {
  const wanted = Object.entries(paths).map(([name, path]) => ({
    name,
    path,
    // Most texts are not even parsed.
    sign: JSON.stringify(path.path[0] ?? ''),
  }))
  return event => {
    for (const {name, path, sign} of wanted) {
      const text = event[path.json]
      // A name that is written with escapes is not found by its text.
      const isThere = typeof text === 'string' && (text.includes(sign) || text.includes('\\'))
      ;(event as Record<string, unknown>)[name] = isThere ? valueAt(parse(text), path) : null
    }
  }
}

/** A value as a whole number, so that sums go back exactly; null when it has none. */
export type WholeGetter = (event: Fields) => Whole | null

const toWhole = (digits: bigint): Whole => {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : digits
}

export interface WholeField {
  readonly get: WholeGetter
  /** Digits behind the point that the whole number stands for. */
  readonly scale: number
}

/**
 * @param scale digits to keep of a `double`
 * @throws when the field is no number or time, or a `double` without a scale
 */
export function wholeFieldOf(
  stream: Pick<Stream, 'name' | 'columns' | 'paths' | 'enrich'>,
  name: string,
  scale: number | undefined,
): WholeField {
  const {kind, scale: digits = 0} = countableOf(stream).get(name)!
  const get = getterOf(name)
  if (kind === 'decimal') return {get: digitsGetter(get), scale: digits}
  if (KINDS[kind].holds !== 'number') {
    throw new TypeError(`stream ${stream.name}: ${name} is ${kind}, no number to measure`)
  }
  if (kind !== 'double') return {get: get as WholeGetter, scale: 0}
  if (scale === undefined) {
    throw new TypeError(
      `stream ${stream.name}: ${name} is a double: a measure of it says the scale to keep, such as {scale: 3}`,
    )
  }
  return {get: scaledGetter(get, 10 ** scale), scale}
}

/** The digits of a decimal, without its point. */
const digitsGetter =
  (get: Getter): WholeGetter =>
  event => {
    const text = get(event) as string | null
    return text === null ? null : toWhole(BigInt(text.replace('.', '')))
  }

/** A double as a whole number of its scale; null for NaN, infinity, and what is beyond 2^53 then. */
const scaledGetter =
  (get: Getter, factor: number): WholeGetter =>
  event => {
    const value = get(event) as number | null
    if (value === null) return null
    // Never -0, which bytes do not know.
    const rounded = Math.round(value * factor) + 0
    return Number.isSafeInteger(rounded) ? rounded : null
  }

export const numberOf = (value: unknown): number | null =>
  typeof value === 'number' ? value : null

/** A ratio, unrounded; null when either side is missing, or the divisor 0. */
export const quotientOf = (dividend: number | null, divisor: number | null): number | null =>
  dividend === null || divisor === null || divisor === 0 ? null : dividend / divisor

/** Adds exactly, whatever the size. */
export function addWhole(a: Whole, b: Whole): Whole {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return toWhole(BigInt(a) + BigInt(b))
}

export const negate = (value: Whole): Whole => (typeof value === 'number' ? 0 - value : -value)

export function square(value: Whole): Whole {
  if (typeof value === 'number' && Math.abs(value) < 94_906_265) return value * value
  return toWhole(BigInt(value) ** 2n)
}

/** A value as the text of a row's key: at most so long, null by a text of its own. */
export const KEY_CHARACTERS_MAX = 512
export const LONG_KEY = '(long)'
/** Stands for null in keys: PostgreSQL's text cannot hold it. */
export const NULL_KEY = '\u0000'

export function toKeyText(value: unknown): string {
  if (value === null || value === undefined) return NULL_KEY
  const text = textOf(value)
  return text.length > KEY_CHARACTERS_MAX ? LONG_KEY : text
}
