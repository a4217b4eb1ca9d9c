/** A user of randomuser.me's shape as a row of table `users`. Pure. */

export interface UserRow {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly gender: string
  readonly age: number
  readonly country: string
  readonly city: string
  readonly registered_at: string
}

export type ReadUser =
  | {readonly kind: 'user'; readonly row: UserRow}
  /** Which field has what, and what was expected. */
  | {readonly kind: 'bad'; readonly why: string}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
const TEXT_MAX = 300
const AGE_MAX = 150

/** What is wrong with one field. */
class BadField extends Error {}

type Fields = Readonly<Record<string, unknown>>

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'missing').slice(0, 80)

function at(value: unknown, path: string): unknown {
  let found = value
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Fields)[name]
  }
  return found
}

function textAt(value: unknown, path: string, {max = TEXT_MAX, pattern = /\S/} = {}): string {
  const found = at(value, path)
  // NUL: no text of PostgreSQL has one.
  const isText = typeof found === 'string' && !found.includes('\0')
  if (isText && found.length <= max && pattern.test(found)) return found
  throw new BadField(`${path} is ${shown(found)}: a text of 1 to ${max} characters is expected`)
}

function idAt(value: unknown, path: string): string {
  const found = at(value, path)
  if (typeof found === 'string' && UUID.test(found)) return found.toLowerCase()
  throw new BadField(`${path} is ${shown(found)}: a UUID is expected`)
}

function ageAt(value: unknown, path: string): number {
  const found = at(value, path)
  if (typeof found === 'number' && Number.isInteger(found) && found >= 0 && found <= AGE_MAX) {
    return found
  }
  throw new BadField(`${path} is ${shown(found)}: a whole number from 0 to ${AGE_MAX} is expected`)
}

function timeAt(value: unknown, path: string): string {
  const found = at(value, path)
  const ms = typeof found === 'string' ? Date.parse(found) : Number.NaN
  if (Number.isFinite(ms)) return new Date(ms).toISOString()
  throw new BadField(`${path} is ${shown(found)}: a time such as 2026-01-31T12:00:00Z is expected`)
}

/** @param value one of `results` */
export function readUser(value: unknown): ReadUser {
  try {
    const row = {
      id: idAt(value, 'login.uuid'),
      name: `${textAt(value, 'name.first')} ${textAt(value, 'name.last')}`,
      email: textAt(value, 'email', {pattern: /^[^\s@]+@[^\s@]+$/}),
      gender: textAt(value, 'gender'),
      age: ageAt(value, 'dob.age'),
      country: textAt(value, 'location.country'),
      city: textAt(value, 'location.city'),
      registered_at: timeAt(value, 'registered.date'),
    }
    return {kind: 'user', row}
  } catch (error) {
    if (error instanceof BadField) return {kind: 'bad', why: error.message}
    throw error
  }
}

/** The last of those that have the same id: an answer may name a user twice. */
export const uniqueUsers = (rows: readonly UserRow[]): readonly UserRow[] => [
  ...new Map(rows.map(row => [row.id, row])).values(),
]
