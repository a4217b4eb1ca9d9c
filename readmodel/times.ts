/** Times as text. Pure. */
import {US_PER_SECOND} from './levels.ts'

let second = Number.NaN
let secondText = ''

/** `2026-11-21T06:00:00.123456Z` for microseconds since 1970. */
export function toIsoMicros(us: number): string {
  const seconds = Math.floor(us / US_PER_SECOND)
  // Neighbours share their second, and a date is dear to print.
  if (seconds !== second) {
    const text = new Date(seconds * 1000).toISOString()
    secondText = text.slice(0, text.lastIndexOf('.') + 1)
    second = seconds
  }
  return `${secondText}${String(us - seconds * US_PER_SECOND).padStart(6, '0')}Z`
}
