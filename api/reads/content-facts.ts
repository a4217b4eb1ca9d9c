/** What the table of contents says of the keys of engagement: their type, and figures by their present length. */
import {NULL_KEY} from '../../readmodel/fields.ts'
import type {ContentTable} from '../content-table.ts'
import {shareFigures} from '../measures.ts'
import type {KeyFacts} from '../query/subject.ts'
import {STREAM} from './contents.ts'

/** Every value that a dimension can have, where its table takes a few alone. */
export interface ClosedTypes {
  readonly content_type?: readonly string[]
  readonly event_type?: readonly string[]
}

export function createContentFacts(
  contents: Pick<ContentTable, 'facts'>,
  {content_type, event_type}: ClosedTypes,
): KeyFacts {
  return {
    stream: STREAM,
    field: 'content_id',
    alias: 'content',
    dimensions: {content_type},
    closed: {event_type},
    metrics: ['engagement_pct_sum', 'engagement_pct_avg'],
    needs: 'engagement_seconds',
    async load(keys) {
      const wanted =
        keys === undefined ? undefined : new Set([...keys].filter(key => key !== NULL_KEY))
      return new Map(
        Array.from(await contents.facts(wanted), ([id, {content_type: type, length_seconds}]) => [
          id,
          {values: {content_type: type}, size: length_seconds},
        ]),
      )
    },
    figures: bySize => shareFigures(Array.from(bySize, ([length, tally]) => ({length, tally}))),
  }
}
