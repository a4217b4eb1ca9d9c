/** Single events of a stream, whose columns are its own. Pure. */
import type {Cell} from './csv.ts'
import {NONE} from './format.ts'

export type EventOf = Readonly<Record<string, unknown>>

/** Every column, in the order in which the API gives them. */
export const columnsOf = (events: readonly EventOf[]): readonly string[] => [
  ...new Set(events.flatMap(event => Object.keys(event))),
]

/** Columns that a list has room for, beside those that it shows anyway; the same whatever they hold. */
export const listedColumns = (
  events: readonly EventOf[],
  {shown, most}: {readonly shown: readonly (string | null)[]; readonly most: number},
): readonly string[] =>
  columnsOf(events)
    .filter(name => !shown.includes(name))
    .slice(0, most)

const isDocument = (value: unknown): value is object => typeof value === 'object' && value !== null

/** As it is written: decimals are texts with every digit. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return NONE
  if (value === '') return '“”'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export const toCell = (value: unknown): Cell =>
  isDocument(value) ? JSON.stringify(value) : (value as Exclude<Cell, undefined>)

/** What an event is called in an address; its API takes the same. */
export const idOf = (event: EventOf, field: string): string => String(event[field])
