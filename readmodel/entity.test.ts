import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {count} from '../contracts/measures.ts'
import {sales} from '../test/streams/sales.ts'
import type {Bucket} from './bucket.ts'
import {Bucket as BucketClass} from './bucket.ts'
import {ByteReader, ByteWriter} from './bytes.ts'
import {decodeBucketRow, Entity} from './entity.ts'
import {startOf, type TimeLevel} from './levels.ts'
import {
  OTHER_VALUE,
  PLACES_MAX,
  Places,
  splitTextOf,
  VALUES_MAX,
  valueOfSplitText,
} from './places.ts'
import {planStream, type RollupPlan} from './plan.ts'
import {Tally, type MetricValues} from './tally.ts'
import type {Spill} from './unique-sketch.ts'

const plan = planStream(sales)
const [packed, rows] = plan.rollups as [RollupPlan, RollupPlan]

interface Sale {
  readonly id: string
  readonly status: string | null
  readonly product: string | null
  readonly buyer: number | null
  readonly total: string | null
  readonly weight: number | null
  readonly units: number | null
  readonly sold_at: number | null
}

const sale: fc.Arbitrary<Sale> = fc.record({
  id: fc.uuid(),
  status: fc.constantFrom('paid', 'returned', null),
  product: fc.constantFrom('sofa', 'lamp', '(none)', null),
  buyer: fc.option(fc.nat(400)),
  total: fc.option(fc.nat(100_000).map(n => `${n}.00`)),
  weight: fc.constant(null),
  units: fc.option(fc.nat(9)),
  // Mostly later and later, sometimes long ago.
  sold_at: fc.option(fc.nat(4 * 86_400).map(s => s * 1_000_000)),
})

interface Stored {
  readonly body: Buffer
  readonly offset: number
  readonly timestamp: number
}

/** Rows of one entity as Cassandra keeps them: the highest timestamp wins, of equal ones the greater bytes. */
class Store {
  root: Stored | undefined
  readonly rows = new Map<string, Stored>()
  readonly parts = new Map<number, Buffer>()
  #names = 0

  readonly #plan: RollupPlan

  constructor(of: RollupPlan) {
    this.#plan = of
  }

  save(entity: Entity, offset: number, {crash = false} = {}): void {
    const done: (() => void)[] = []
    const spill: Spill = {
      add: part => {
        this.parts.set((this.#names += 1), part)
        return this.#names
      },
      onDurable: one => void done.push(one),
      drop: parts => {
        for (const part of parts) this.parts.delete(part)
      },
    }
    const {rows: own, root, commit} = entity.encode(new ByteWriter(), spill, offset)
    const wins = (before: Stored | undefined, timestamp: number, body: Buffer): boolean =>
      before === undefined ||
      before.timestamp < timestamp ||
      (before.timestamp === timestamp && before.body.compare(body) < 0)
    for (const row of own) {
      const timestamp = 16 * offset + (row.bucket.isRetracted ? 7 : 8)
      const key = `${row.level} ${row.bucket.start}`
      if (wins(this.rows.get(key), timestamp, row.body)) {
        this.rows.set(key, {body: row.body, offset, timestamp})
      }
    }
    if (crash) return
    if (root !== null) {
      const timestamp = 16 * offset + 8 - root.stale
      if (wins(this.root, timestamp, root.body)) this.root = {body: root.body, offset, timestamp}
    }
    for (const one of done) one()
    commit()
  }

  load(): Entity {
    if (this.root === undefined) return new Entity(this.#plan)
    const entity = Entity.decode(this.#plan, this.root.body, this.root.offset)
    this.#addParts(entity.total)
    for (const {bucket} of entity.buckets()) this.#addParts(bucket)
    return entity
  }

  loadMissing(entity: Entity): void {
    for (const missing of entity.missing) {
      entity.setLoaded(missing, this.read(missing.level, missing.start)?.bucket ?? null)
    }
  }

  read(level: TimeLevel, start: number) {
    const row = this.rows.get(`${level} ${start}`)
    if (row === undefined || row.body.length === 0) return undefined
    const stored = decodeBucketRow(this.#plan, row.body, {start, guard: row.offset})
    this.#addParts(stored.bucket)
    return stored
  }

  #addParts(bucket: Bucket): void {
    for (const sketch of bucket.sketches) {
      for (const part of sketch?.parts ?? []) {
        const body = this.parts.get(part)
        assert(body !== undefined, `part ${part} is gone`)
        sketch!.addPart(body)
      }
    }
  }
}

type LogEntry = {readonly how: 'apply' | 'retract'; readonly sale: Sale}

function foldInto(entity: Entity, store: Store, {how, sale: one}: LogEntry, offset: number): void {
  const of = entity.plan
  if (entity.prepare(one.sold_at)) store.loadMissing(entity)
  plan.inputs.read({...one}, {timeUs: one.sold_at, id: one.id})
  entity[how](of.splitsOf({...one}), plan.inputs, offset)
}

/** Figures by combination of split values. */
function figuresOf(
  of: RollupPlan,
  buckets: readonly Bucket[],
  valuesOf: (place: number) => readonly string[],
) {
  const figures: Record<string, MetricValues> = {}
  for (const place of new Set(buckets.flatMap(({places}) => places))) {
    const values = valuesOf(place)
    const tally = new Tally(of)
    for (const bucket of buckets) {
      tally.add(bucket, valuesOf, other => other.join() === values.join())
    }
    const found = tally.values()
    if (found['sales'] !== 0) figures[values.join()] = found
  }
  return figures
}

const isAnyRetracted = (buckets: readonly Bucket[]): boolean =>
  buckets.some(({isRetracted}) => isRetracted)

const MENDED: ReadonlySet<string> = new Set([
  'lightest',
  'dearest',
  'first_at',
  'buyers',
  'last_status',
])
const exact = (figures: Record<string, MetricValues>, isRetracted: boolean): unknown =>
  Object.fromEntries(
    Object.entries(figures).map(([name, one]) => [
      name,
      Object.fromEntries(
        Object.entries(one).filter(([metric]) => !isRetracted || !MENDED.has(metric)),
      ),
    ]),
  )

/** What is there after the log: the events that were put and not taken out. */
function leftOver(log: readonly LogEntry[]): readonly Sale[] {
  const left: Sale[] = []
  for (const {how, sale: one} of log) {
    if (how === 'apply') left.push(one)
    else left.splice(left.indexOf(one), 1)
  }
  return left
}

function expectedOf(of: RollupPlan, events: readonly Sale[]) {
  const places = new Places(of.reserved)
  const bucket = new BucketClass(of, 0)
  for (const [i, one] of events.entries()) {
    plan.inputs.read({...one}, {timeUs: one.sold_at, id: one.id})
    bucket.apply(places.admit(of.splitsOf({...one})), plan.inputs, i)
  }
  return figuresOf(of, [bucket], place => places.valuesOf(place))
}

type Step = 'fold' | 'save' | 'crash in a save' | 'reload'

test.each([packed, rows])(
  '$id: whatever is saved, lost and read again, every bucket is right',
  of => {
    const steps = fc.array(
      fc.record({
        step: fc.constantFrom<Step>(
          'fold',
          'fold',
          'fold',
          'fold',
          'save',
          'crash in a save',
          'reload',
        ),
        sale,
        retract: fc.nat(7),
      }),
      {maxLength: 120},
    )
    fc.assert(
      fc.property(steps, list => {
        const store = new Store(of)
        const log: LogEntry[] = []
        let entity = new Entity(of)
        let durable = 0
        const replay = (): void => {
          entity = store.load()
          for (let offset = durable; offset < log.length; offset++) {
            foldInto(entity, store, log[offset]!, offset)
          }
        }
        for (const {step, sale: one, retract} of list) {
          if (step === 'fold') {
            const left = leftOver(log)
            const victim = retract === 0 ? left[0] : undefined
            log.push(
              victim === undefined ? {how: 'apply', sale: one} : {how: 'retract', sale: victim},
            )
            foldInto(entity, store, log.at(-1)!, log.length - 1)
          } else if (step === 'save') {
            if (log.length === 0) continue
            store.save(entity, log.length - 1)
            durable = log.length
          } else if (step === 'crash in a save') {
            if (log.length === 0) continue
            store.save(entity, log.length - 1, {crash: true})
            replay()
          } else replay()
        }
        if (log.length > 0) store.save(entity, log.length - 1)
        const stored = log.length > 0 ? store.load() : entity
        const left = leftOver(log)
        const valuesOf = (place: number): readonly string[] => stored.places.valuesOf(place)
        const total = stored.totalParts
        expect(exact(figuresOf(of, total, valuesOf), isAnyRetracted(total))).toEqual(
          exact(expectedOf(of, left), isAnyRetracted(total)),
        )
        expect(stored.events).toBe(left.length)
        for (const level of of.levels) {
          const starts = new Set(
            log.flatMap(({sale: one}) =>
              one.sold_at === null ? [] : [startOf(level, one.sold_at / 1e6)],
            ),
          )
          for (const start of starts) {
            const inside = left.filter(
              one => one.sold_at !== null && startOf(level, one.sold_at / 1e6) === start,
            )
            const open = stored.partsOf(level, start)
            const own = store.read(level, start)
            const buckets = open.length > 0 ? open : own === undefined ? [] : [own.bucket]
            const found = figuresOf(of, buckets, place =>
              open.length > 0 ? valuesOf(place) : own!.values.get(place)!,
            )
            const isRetracted = isAnyRetracted(buckets)
            expect(exact(found, isRetracted)).toEqual(exact(expectedOf(of, inside), isRetracted))
          }
        }
      }),
      {numRuns: 150},
    )
  },
)

test('readers of the moment get everything, though only what changed is written', () => {
  const flushes = fc.array(fc.array(sale, {maxLength: 12}), {minLength: 1, maxLength: 8})
  fc.assert(
    fc.property(flushes, fc.boolean(), (lists, isSaved) => {
      const store = new Store(packed)
      const entity = new Entity(packed)
      const hash = new Map<string, Buffer>()
      let offset = -1
      for (const [i, list] of lists.entries()) {
        for (const one of list) {
          foldInto(entity, store, {how: 'apply', sale: one}, (offset += 1))
        }
        const fields = entity.encodeLive(new ByteWriter(), i === 0)
        for (let at = 0; at < fields.length; at += 2) {
          hash.set(fields[at] as string, fields[at + 1] as Buffer)
        }
        const seen = Entity.decodeLive(packed, name => hash.get(name), offset)!
        const valuesOf = (place: number) => entity.places.valuesOf(place)
        expect(figuresOf(packed, seen.totalParts, p => seen.places.valuesOf(p))).toEqual(
          figuresOf(packed, entity.totalParts, valuesOf),
        )
        for (const {level, bucket} of entity.buckets()) {
          const shown = seen.partsOf(level, bucket.start)
          const stored = store.read(level, bucket.start)
          const whole = entity.partsOf(level, bucket.start)
          // What is stored need not be shown.
          if (shown.length === 0 && stored !== undefined) continue
          expect(figuresOf(packed, shown, p => seen.places.valuesOf(p))).toEqual(
            figuresOf(packed, whole, valuesOf),
          )
        }
        if (isSaved && i % 2 === 0) store.save(entity, Math.max(0, offset))
      }
    }),
  )
})

test('an event costs one bucket, and closed ones leave memory once they are stored', () => {
  const store = new Store(packed)
  const entity = new Entity(packed)
  const [one] = fc.sample(sale, {seed: 1, numRuns: 1})
  for (let minute = 0; minute < 200; minute++) {
    const event = {...one!, sold_at: minute * 60_000_000}
    foldInto(entity, store, {how: 'apply', sale: event}, minute)
    store.save(entity, minute)
  }
  expect([...entity.buckets()]).toHaveLength(packed.levels.length)
  expect(entity.total.events).toBe(0)
  expect(entity.events).toBe(200)
  expect(store.read('hour', 0)?.bucket.events).toBe(60)
})

const [anySale] = fc.sample(sale, {seed: 1, numRuns: 1})

/** Buyers of one moment, some saved at a time; then the bucket is closed by a later event. */
function manyBuyers(of: RollupPlan, saves: number) {
  const [store, entity] = [new Store(of), new Entity(of)]
  let offset = -1
  const fold = (more: Partial<Sale>, how: LogEntry['how'] = 'apply'): void =>
    foldInto(entity, store, {how, sale: {...anySale!, ...more}}, (offset += 1))
  for (let n = 0; n < saves; n++) {
    for (let k = 0; k < 400; k++) fold({sold_at: 0, buyer: 400 * n + k})
    store.save(entity, offset)
  }
  const close = (): void => {
    fold({sold_at: 40 * 86_400_000_000, buyer: 1})
    store.save(entity, offset)
  }
  return {store, entity, fold, close, offset: () => offset}
}

test.each([
  ['packed', packed],
  ['rows', rows],
])(
  'INV-52: a bucket that is closed long after its last event keeps what lies beside it: %s',
  (_name, of) => {
    for (let saves = 1; saves < 40; saves++) {
      const {store, close} = manyBuyers(of, saves)
      close()
      const stored = store.read(of.levels[0]!, 0)!
      expect(stored.bucket.events).toBe(400 * saves)
    }
  },
)

test('INV-52: a closed bucket that is stale still is not written again at one offset', () => {
  const {store, entity, fold, close, offset} = manyBuyers(packed, 3)
  const level = packed.levels[0]!
  close()
  fold({sold_at: 0, buyer: 5}, 'retract')
  const bucket = entity.bucket(level, 0)!
  const fresh = new BucketClass(packed, 0)
  bucket.shadow = fresh
  fold({sold_at: 0, buyer: 6}, 'retract')
  store.save(entity, offset())
  const before = store.rows.get(`${level} 0`)!
  bucket.adopt(fresh)
  expect(bucket.isRetracted, 'something was taken out meanwhile').toBe(true)
  store.save(entity, offset())
  expect(store.rows.get(`${level} 0`)).toBe(before)
  expect(store.read(level, 0)!.bucket.events).toBe(1198)
})

test('values beyond fifty, and combinations beyond the limit, count as others in every bucket', () => {
  const places = new Places([[], []])
  for (let n = 0; n < 2 * VALUES_MAX; n++) places.admit([`v${n}`, 'x'])
  const other = places.admit(['v99', 'x'])
  expect(places.valuesOf(other)).toEqual([OTHER_VALUE, 'x'])
  expect(places.valuesOf(places.admit(['v0', 'x']))).toEqual(['v0', 'x'])
  for (let n = 0; n < 2 * PLACES_MAX; n++) places.admit([`v${n % 50}`, `w${n % 47}`])
  expect(places.size).toBeLessThanOrEqual(PLACES_MAX + 1)
  expect(places.valuesOf(places.admit(['v3', 'new']))).toEqual([OTHER_VALUE, OTHER_VALUE])
})

test('with all places taken, a combination lies where it does after its row is read again', () => {
  const places = new Places([['named'], []])
  places.admit([OTHER_VALUE, 'w0'])
  for (let n = 0; places.size < PLACES_MAX; n++) places.admit([`v${n % 40}`, `w${n % 7}`])
  for (let n = 0; n < VALUES_MAX; n++) places.admit([`new${n}`, 'w0'])
  places.admit(['named', 'new'])
  const again = new Places([['named'], []])
  for (let place = 0; place < places.size; place++) again.admit(places.valuesOf(place))
  for (const values of [
    ['new0', 'w0'],
    ['newer', 'w0'],
    ['newer', 'w1'],
    ['named', 'newer'],
    ['v1', 'newer'],
  ]) {
    expect(again.admit(values), values.join(' ')).toBe(places.admit(values))
  }
})

test('values that measures name keep their names when they are loaded again, however many', () => {
  const named = Array.from({length: 3 * VALUES_MAX}, (_, n) => `v${n}`)
  const places = new Places([named, []])
  const admitted = [...named.toReversed(), 'new'].map(value => [value, 'x'])
  for (const values of admitted) {
    expect(places.valuesOf(places.admit(values))).toEqual([
      values[0] === 'new' ? OTHER_VALUE : values[0],
      'x',
    ])
  }
  const writer = new ByteWriter()
  places.encode(writer)
  const again = new Places([named, []])
  for (const values of Places.decode(new ByteReader(writer.take()), 2)) again.admit(values)
  for (let place = 0; place < places.size; place++) {
    expect(again.valuesOf(place)).toEqual(places.valuesOf(place))
  }
})

test('more combinations than have a place are refused in a sentence', () => {
  const measuresOf = (field: string, length: number) =>
    Array.from({length}, (_, n) => [`${field}${n}`, count({where: {[field]: `v${n}`}})])
  const declare = (length: number, split: readonly string[]) =>
    planStream({
      ...sales,
      measures: Object.fromEntries([...measuresOf('status', length), ...measuresOf('product', 31)]),
      rollups: [{name: 'all', by: [], split, every: ['total']}],
      special: [],
      top: [],
    })
  expect(() => declare(119, ['status', 'product'])).not.toThrow()
  expect(() => declare(120, ['status', 'product'])).toThrow(
    /rollup all splits by status \(120 values named by measures\), product \(31 .*: split by fewer/,
  )
  const many = ['buyer', 'total', 'weight', 'units', 'sold_at', 'id', 'note', 'kind', 'place', 'at']
  expect(() => declare(1, many)).toThrow(/more combinations than have a place/)
})

test('what a measure names has a place of its own, however many values come before', () => {
  const entity = new Entity(packed)
  const store = new Store(packed)
  const [one] = fc.sample(sale, 1)
  for (let n = 0; n < 2 * VALUES_MAX; n++) {
    const event = {...one!, status: `s${n}`, product: 'x', sold_at: null}
    foldInto(entity, store, {how: 'apply', sale: event}, n)
  }
  foldInto(entity, store, {how: 'apply', sale: {...one!, status: 'returned', product: 'x'}}, 1000)
  const tally = new Tally(packed)
  for (const bucket of entity.totalParts) {
    tally.add(bucket, place => entity.places.valuesOf(place))
  }
  expect(tally.values()['returned']).toBe(1)
})

test('texts of split values are told apart from each other and from nothing', () => {
  fc.assert(
    fc.property(fc.option(fc.string({maxLength: 60})), value => {
      expect(valueOfSplitText(splitTextOf(value))).toBe(value)
    }),
  )
})
