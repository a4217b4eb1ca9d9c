/** INV-104: parts that were found wrong, computed again whole while the stream goes on. */
import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {sales} from '../test/streams/sales.ts'
import {Bucket} from './bucket.ts'
import {ByteWriter} from './bytes.ts'
import {decodeBucketRow, Entity} from './entity.ts'
import type {EventSource} from './event-reads.ts'
import type {FiledEvent} from './files-table.ts'
import {SECONDS_OF, startOf, US_PER_SECOND, type TimeLevel} from './levels.ts'
import {mendRollup} from './mending.ts'
import {Places} from './places.ts'
import {planStream, type RollupPlan} from './plan.ts'
import type {StoredEvent} from './raw-table.ts'
import type {RollupTable} from './rollup-table.ts'
import {Tally} from './tally.ts'
import type {Spill} from './unique-sketch.ts'

const plan = planStream(sales)
const rollup = plan.rollups[0] as RollupPlan
const SHOP = 'S'

const sale = fc.record({
  id: fc.uuid(),
  shop: fc.constant(SHOP),
  status: fc.constantFrom('paid', 'returned', null),
  product: fc.constantFrom('sofa', 'lamp', null),
  buyer: fc.option(fc.nat(40)),
  total: fc.option(fc.nat(100_000).map(n => `${n}.00`)),
  weight: fc.constant(null),
  units: fc.option(fc.nat(9)),
  sold_at: fc.option(fc.nat(2 * 86_400).map(s => s * US_PER_SECOND)),
})
type Sale = typeof sale extends fc.Arbitrary<infer T> ? T : never

/** Everything of one entity: in memory, its rows, its raw rows, and what was filed. */
class Shop {
  readonly entity = new Entity(rollup)
  readonly rows = new Map<string, {readonly body: Buffer; readonly offset: number}>()
  readonly raw = new Map<string, StoredEvent>()
  readonly filed: FiledEvent[] = []
  offset = -1
  /** Called whenever something is read: the stream goes on. */
  onRead: () => void = () => undefined

  put(event: Sale): void {
    this.#fold('apply', event)
    this.raw.set(event.id, {event, offset: this.offset} as unknown as StoredEvent)
    // A replay files again.
    const filed = {id: event.id, timeUs: event.sold_at}
    this.filed.push(filed, filed)
  }

  takeOldest(): void {
    const [first] = this.raw.values()
    if (first === undefined) return
    this.#fold('retract', first.event as unknown as Sale)
    this.raw.delete(first.event['id'] as string)
  }

  #fold(how: 'apply' | 'retract', event: Sale): void {
    this.offset += 1
    if (this.entity.prepare(event.sold_at)) this.load()
    plan.inputs.read(event, {timeUs: event.sold_at, id: event.id})
    this.entity[how](rollup.splitsOf(event), plan.inputs, this.offset)
  }

  load(): void {
    for (const missing of this.entity.missing) {
      this.entity.setLoaded(missing, this.#read(missing.level, missing.start)?.bucket ?? null)
    }
  }

  #read(level: TimeLevel, start: number) {
    const row = this.rows.get(`${level} ${start}`)
    return row && decodeBucketRow(rollup, row.body, {start, guard: row.offset})
  }

  save(): void {
    const spill: Spill = {add: () => 1, onDurable: () => undefined, drop: () => undefined}
    const {rows, commit} = this.entity.encode(new ByteWriter(), spill, this.offset)
    for (const {level, bucket, body} of rows) {
      if (body.length > 0) this.rows.set(`${level} ${bucket.start}`, {body, offset: this.offset})
    }
    commit()
  }

  source(): EventSource {
    const within = (timeUs: number | null) => (one: FiledEvent) =>
      timeUs === null || one.timeUs === null
        ? one.timeUs === timeUs
        : startOf(sales.filed, one.timeUs / US_PER_SECOND) === timeUs / US_PER_SECOND
    return {
      plan,
      raw: {
        read: async ids => {
          const found = ids.map(id => this.raw.get(id as string) ?? null)
          this.onRead()
          return found
        },
      },
      files: {
        read: async (_key, _partition, timeUs) => this.filed.filter(within(timeUs)),
        page: () => Promise.reject(new Error('not here')),
        periods: async (_key, _partition, range) => [range],
      },
    }
  }

  table(): RollupTable {
    return {
      buckets: async ({level}: {level: TimeLevel}, {from, to}: {from: number; to: number}) => {
        const found = [...this.rows.keys()].flatMap(name => {
          const [own, start] = name.split(' ')
          const isInside = own === level && Number(start) >= from && Number(start) < to
          return isInside ? [this.#read(level, Number(start))!] : []
        })
        this.onRead()
        return found
      },
    } as unknown as RollupTable
  }

  /** @returns whether the part is right now */
  async mend(level: string, start: number): Promise<boolean> {
    const mender = {source: this.source(), rollup, table: this.table()}
    if (level !== 'total' && !this.entity.want({level: level as TimeLevel, start})) this.load()
    const now = {foldedOffset: () => this.offset, unfoldedOffset: () => -1}
    const mending = mendRollup(mender, this.entity, {key: SHOP, partition: 0, level, start, ...now})
    if (mending === null) return true
    if (mending === 'early') return false
    try {
      return (await mending.collect(read => read())) !== null && mending.adopt()
    } finally {
      mending.end()
    }
  }

  /** Starts of a level at which something happened. */
  starts(level: TimeLevel): ReadonlySet<number> {
    const times = [...this.raw.values()].flatMap(
      ({event}) => (event['sold_at'] as number | null) ?? [],
    )
    return new Set(times.map(timeUs => startOf(level, timeUs / US_PER_SECOND)))
  }

  figures(level: string, start: number): unknown {
    const {entity} = this
    const tally = new Tally(rollup)
    if (level !== 'total' && !entity.want({level: level as TimeLevel, start})) this.load()
    const buckets =
      level === 'total' ? entity.totalParts : entity.partsOf(level as TimeLevel, start)
    for (const bucket of buckets) tally.add(bucket, place => entity.places.valuesOf(place))
    return tally.values()
  }

  expected(level: string, start: number): unknown {
    const places = new Places(rollup.reserved)
    const bucket = new Bucket(rollup, 0)
    for (const {event} of this.raw.values()) {
      const timeUs = event['sold_at'] as number | null
      const size = level === 'total' ? 0 : SECONDS_OF[level as TimeLevel]
      const seconds = timeUs === null ? Number.NaN : timeUs / US_PER_SECOND
      if (level !== 'total' && !(seconds >= start && seconds < start + size)) continue
      plan.inputs.read(event, {timeUs, id: event['id'] as string})
      bucket.apply(places.admit(rollup.splitsOf(event)), plan.inputs, bucket.events)
    }
    const tally = new Tally(rollup)
    tally.add(bucket, place => places.valuesOf(place))
    return tally.values()
  }
}

/** Numbers that no event brought. */
function spoil({entity}: Shop): void {
  for (const bucket of [entity.total, ...[...entity.buckets()].map(one => one.bucket)]) {
    for (const [i, number] of bucket.numbers.entries()) {
      if (Number.isFinite(Number(number))) bucket.numbers[i] = Number(number) + 3
    }
    bucket.version = Number.MAX_SAFE_INTEGER - bucket.start
  }
}

test('INV-104: what was found wrong is right after it was computed again, whatever comes meanwhile', async () => {
  const before = fc.array(sale, {minLength: 1, maxLength: 40})
  const meanwhile = fc.array(fc.option(sale), {maxLength: 25})
  await fc.assert(
    fc.asyncProperty(before, meanwhile, fc.boolean(), async (events, later, isForgotten) => {
      const shop = new Shop()
      for (const event of events) shop.put(event)
      spoil(shop)
      if (isForgotten) shop.save()
      const parts = rollup.levels.flatMap(level =>
        [...shop.starts(level)].map(start => ({level, start})),
      )
      for (const part of parts) {
        if (!shop.entity.want(part)) shop.load()
        shop.entity.doubt(part)
      }
      shop.entity.doubt({level: 'total', start: 0})
      const coming = later.values()
      shop.onRead = () => {
        const {value, done} = coming.next()
        if (done === true) return
        if (value === null) shop.takeOldest()
        else shop.put(value)
        if (shop.offset % 3 === 0) shop.save()
      }
      const all = [...parts, {level: 'total', start: 0}]
      // Again and again, as the mender does, until the stream has come to rest.
      for (let round = 0; round < 40; round++) {
        const done: boolean[] = []
        for (const {level, start} of all) done.push(await shop.mend(level, start))
        // Mending puts buckets into memory.
        const present = [...shop.entity.buckets()]
        for (const {level, bucket} of present) {
          if (bucket.isRetracted) done.push(await shop.mend(level, bucket.start))
        }
        if (done.every(Boolean) && round > later.length) break
      }
      shop.onRead = () => undefined
      const levels = rollup.levels.flatMap(level =>
        [...shop.starts(level)].map(start => ({level, start})),
      )
      for (const {level, start} of [...levels, {level: 'total', start: 0}]) {
        expect(shop.figures(level, start), `${level} ${start}`).toEqual(shop.expected(level, start))
      }
    }),
    {numRuns: 150},
  )
}, 60_000)
