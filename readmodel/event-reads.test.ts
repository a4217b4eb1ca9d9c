import fc from 'fast-check'
import {expect, test} from 'vitest'
import {engagement} from '../streams/sample/engagement.ts'
import {eventsOf, type EventSource} from './event-reads.ts'
import type {FiledEvent} from './files-table.ts'
import {planStream} from './plan.ts'
import type {StoredEvent} from './raw-table.ts'

const KEY = '11111111-1111-1111-1111-111111111111'
const HOUR_US = 3_600_000_000
const ALWAYS = {from: 0, to: 10 * 3600}
const plan = planStream(engagement)

const rowOf = (id: number, timeUs: number): StoredEvent =>
  ({
    event: {event_id: id, content_id: KEY, event_ts: timeUs},
    partition: 0,
  }) as unknown as StoredEvent

/** Rows by id, and everything that was ever filed of the key. */
function sourceOf(times: ReadonlyMap<number, number>, filed: readonly FiledEvent[]) {
  const read: number[] = []
  const source: EventSource = {
    plan,
    raw: {
      read(ids) {
        read.push(ids.length)
        const rows = ids.map(id => {
          const timeUs = times.get(id as number)
          return timeUs === undefined ? null : rowOf(id as number, timeUs)
        })
        return Promise.resolve(rows)
      },
    },
    files: {
      read: (_key, _partition, timeUs) => {
        const hour = Math.floor(timeUs! / HOUR_US)
        return Promise.resolve(filed.filter(one => Math.floor(one.timeUs! / HOUR_US) === hour))
      },
      page: () => Promise.reject(new Error('not here')),
      periods: (_key, _partition, range) => Promise.resolve([range]),
    },
  }
  return {source, read}
}

async function collect(source: EventSource): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const page of eventsOf(source, {partition: 0, key: KEY}, ALWAYS)) {
    all.push(...page.map(({event}) => event['event_id']))
  }
  return all
}

test('events of a key come newest first, each once, wherever and how often they were filed', async () => {
  const time = fc.nat(9).map(n => n * (HOUR_US / 3))
  const changes = fc.array(fc.record({id: fc.nat(300), time, isGone: fc.boolean()}), {
    maxLength: 900,
    size: 'max',
  })
  await fc.assert(
    fc.asyncProperty(changes, async list => {
      const times = new Map<number, number>()
      for (const {id, time: at, isGone} of list) {
        if (isGone) times.delete(id)
        else times.set(id, at)
      }
      const filed = list.map(({id, time: timeUs}) => ({id, timeUs}))
      const expected = [...times].toSorted((a, b) => b[1] - a[1] || b[0] - a[0])
      expect(await collect(sourceOf(times, filed).source)).toEqual(expected.map(([id]) => id))
    }),
  )
})

test('the newest events of a full hour are found without reading the others', async () => {
  const times = new Map(Array.from({length: 20_000}, (_, i) => [i, (i * HOUR_US) / 20_000]))
  const {source, read} = sourceOf(
    times,
    [...times].map(([id, timeUs]) => ({id, timeUs})),
  )
  for await (const page of eventsOf(source, {partition: 0, key: KEY}, ALWAYS)) {
    expect(page.length).toBeGreaterThan(20)
    break
  }
  expect(read).toEqual([50])
})
