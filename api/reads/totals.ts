/** Totals of contents: from Redis, or from Cassandra where Redis does not hold them completely. */
import type {EventType} from '../../contracts/engagement.ts'
import type {ContentState} from '../../readmodel/content-state.ts'
import type {LiveTotals} from '../../readmodel/live-reads.ts'
import {measureAll, type MetricValues} from '../measures.ts'
import {mergeReads} from '../merge-reads.ts'
import type {Content} from '../schemas/content.ts'
import type {Reads} from './reads.ts'
import {FROM_STORED, liveOrStored, metaOf, type Stores} from './stores.ts'

export interface TotalsDeps {
  readonly stores: Stores
  /** Event types whose durations count. */
  readonly counted: readonly EventType[]
}

interface Row {
  readonly metrics: MetricValues
  /** Microseconds since 1970. */
  readonly newest: number | null
}

export const newestOf = (state: ContentState): number | null => {
  const last = Math.max(...state.last)
  return Number.isFinite(last) ? last : null
}

export function createTotals({stores, counted}: TotalsDeps): Reads['totals'] {
  const live = mergeReads(async ids => await (await stores.live()).engagement.totals(ids))

  const fromLive = ({length_seconds: lengthSeconds}: Content, row: LiveTotals): Row => ({
    metrics: {
      ...measureAll([{state: row.state, lengthSeconds}], counted),
      unique_viewers: row.uniqueViewers,
    },
    newest: row.newestEventAt,
  })

  return async contents => {
    const {value, source} = await liveOrStored('totals', stores, {
      async live() {
        const found = await Promise.all(contents.map(({id}) => live(id)))
        const rows: (readonly [string, Row])[] = []
        for (const [i, row] of found.entries()) {
          // Redis says nothing of a content without events, nor of one that it does not hold.
          if (row === undefined || row === 'unknown') return null
          rows.push([contents[i]!.id, fromLive(contents[i]!, row)])
        }
        return new Map(rows)
      },
      stored: async stored => {
        const found = await Promise.all(
          contents.map(async one => ({one, row: await stored.content.totals(one.id)})),
        )
        return new Map(
          found.map(({one, row}): readonly [string, Row] => {
            const rows = row === null ? [] : [{...row, lengthSeconds: one.length_seconds}]
            const newest = row === null ? null : newestOf(row.state)
            return [one.id, {metrics: measureAll(rows, counted), newest}]
          }),
        )
      },
    })
    const newest = [...value.values()].flatMap(row => row.newest ?? [])
    return {
      value: new Map([...value].map(([id, {metrics}]) => [id, metrics])),
      meta: metaOf(source, {
        newestMicros: newest.length === 0 ? null : Math.max(...newest),
        ageMs: stores.ageMs(source, 'engagement'),
        notes: source === 'redis' ? [] : [FROM_STORED],
      }),
    }
  }
}
