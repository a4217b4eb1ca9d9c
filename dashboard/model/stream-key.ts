/** Keys of streams: as the API names them, and as they stand in an address and on a page. Pure. */
import {isVisible} from './names.ts'

/** The value of one column of a rollup, as text. */
export type KeyPart = string | null
export type Key = readonly KeyPart[]

/** Characters of a part that the API takes. */
export const KEY_TEXT_MAX = 1024
const NO_VALUE = '(none)'

/** As the API takes it: null is a text of its own, and what begins like it gets a second parenthesis. */
export function toKeyText(part: KeyPart): string {
  if (part === null) return NO_VALUE
  return part.startsWith('(') ? `(${part}` : part
}

/** What was typed as the API takes it. */
export function ofKeyText(text: string): KeyPart {
  if (text === NO_VALUE) return null
  return text.startsWith('((') ? text.slice(1) : text
}

/** For an address: an empty text, null and one with commas stay what they are. */
export const formatKey = (key: Key): string => JSON.stringify(key)

/** @returns undefined when it is no key of so many columns */
export function parseKey(text: string | undefined, columns: number): Key | undefined {
  if (text === undefined) return columns === 0 ? [] : undefined
  try {
    const key: unknown = JSON.parse(text)
    const isKey =
      Array.isArray(key) &&
      key.length === columns &&
      key.every(part => part === null || typeof part === 'string')
    return isKey ? (key as Key) : undefined
  } catch {
    return undefined
  }
}

/** A part in words: what cannot be seen is written as it is in JSON. */
export function nameOfPart(part: KeyPart): string {
  if (part === null) return 'no value'
  return isVisible(part) ? part : JSON.stringify(part)
}

export const nameOfKey = (key: Key): string => key.map(nameOfPart).join(' · ')
