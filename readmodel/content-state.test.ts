import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {EVENT_TYPES} from '../contracts/engagement.ts'
import {ByteReader, ByteWriter} from './bytes.ts'
import {
  cellOf,
  ContentState,
  decodeContentState,
  encodeContentState,
  encodeNumbers,
  mergeContentState,
} from './content-state.ts'
import {deviceKeyOf, deviceOfKey} from './devices.ts'
import {bucketOfMs} from './histogram.ts'
import {entryOf} from './hyperloglog.ts'
import {hashUser} from './user-hash.ts'
import {JOURNAL_MAX, SLOTS_MAX, ViewerSketch} from './viewer-sketch.ts'

interface Happening {
  readonly device: string | null
  readonly type: number
  readonly us: number
  readonly ms: number | null
  readonly user: number | null
}

const happenings: fc.Arbitrary<Happening> = fc.record({
  device: fc.constantFrom(null, 'ios', 'web', '(none)', ''),
  type: fc.nat(EVENT_TYPES.length - 1),
  us: fc.integer({min: -(2 ** 50), max: 2 ** 51}),
  ms: fc.option(fc.nat(2 ** 31 - 1)),
  user: fc.option(fc.nat(5000)),
})

function add(state: ContentState, {device, type, us, ms, user}: Happening): void {
  const cell = cellOf(state.ensureDevice(deviceKeyOf(device)), type)
  state.addEvents(cell, 1)
  if (ms !== null) {
    state.addDurations(cell, 1, ms)
    state.addToBucket(cell, bucketOfMs(ms), 1)
  }
  state.first[cell] = Math.min(state.first[cell]!, us)
  state.last[cell] = Math.max(state.last[cell]!, us)
  if (user !== null) state.viewers.add(cell, entryOf(hashUser(`user ${user}`)))
}

const stateOf = (list: readonly Happening[]): ContentState => {
  const state = new ContentState()
  for (const one of list) add(state, one)
  return state
}

/** A state as readers see it, whatever the order of its devices. */
function viewOf(state: ContentState): unknown {
  const cells = state.devices.flatMap((name, device) =>
    EVENT_TYPES.map((type, index) => {
      const cell = cellOf(device, index)
      const buckets = [...state.histogram]
        .filter(([key]) => Math.floor(key / 256) === cell)
        .map(([key, count]) => [key % 256, count])
      return {
        name: `${name} ${type}`,
        numbers: [state.events(cell), state.timed(cell), state.durationMs(cell)],
        bounds: [state.first[cell], state.last[cell]],
        buckets: buckets.toSorted((a, b) => a[0]! - b[0]!),
        viewers: state.viewers.unionOf(candidate => candidate === cell).estimate(),
      }
    }),
  )
  return {
    cells: cells
      .filter(cell => cell.numbers[0] !== 0)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    viewers: state.viewers.estimate(),
    stale: state.stale,
  }
}

/** What a store keeps of one row: its bytes, and the slots beside it. */
class StoredRow {
  readonly slots = new Map<number, Buffer>()
  detail: Buffer = Buffer.alloc(0)

  save(state: ContentState, {crash = false} = {}): void {
    const {detail, spill} = encodeContentState(state, new ByteWriter(), new ByteWriter())
    for (const {slot, sketch} of spill?.slots ?? []) this.slots.set(slot, sketch)
    if (crash) return
    this.detail = detail
    spill?.commit()
  }

  load(): ContentState {
    const state = decodeContentState(this.detail)
    for (const [slot, sketch] of this.slots) state.viewers.addStored(slot, sketch)
    return state
  }
}

test('what is stored is read back the same', () => {
  fc.assert(
    fc.property(fc.array(happenings, {maxLength: 200}), fc.boolean(), (list, stale) => {
      const state = stateOf(list)
      state.stale = stale
      const row = new StoredRow()
      row.save(state)
      expect(viewOf(row.load())).toEqual(viewOf(state))
    }),
  )
})

test('INV-52: viewers survive any number of saves, crashes between slot and row, and reloads', () => {
  const rounds = fc.array(
    fc.record({
      users: fc.integer({min: 0, max: 3 * JOURNAL_MAX}),
      crash: fc.boolean(),
      reload: fc.boolean(),
    }),
    {minLength: 1, maxLength: 2 * SLOTS_MAX},
  )
  fc.assert(
    fc.property(rounds, list => {
      const row = new StoredRow()
      let state = new ContentState()
      const durable: Happening[] = []
      let waiting: Happening[] = []
      row.save(state)
      for (const [round, {users, crash, reload}] of list.entries()) {
        for (let n = 0; n < users; n++) {
          const user = round * 1000 + n
          const one = {device: 'ios', type: user % 4, us: user, ms: null, user}
          add(state, one)
          waiting.push(one)
        }
        row.save(state, {crash})
        if (!crash) {
          durable.push(...waiting)
          waiting = []
        }
        if (reload) {
          state = row.load()
          // What was not durable is folded again.
          for (const one of waiting) add(state, one)
        }
      }
      row.save(state)
      expect(viewOf(row.load())).toEqual(viewOf(stateOf([...durable, ...waiting])))
    }),
    {numRuns: 25},
  )
})

test('after everything was replaced, what lay outside before is not believed any more', () => {
  const row = new StoredRow()
  const state = new ContentState()
  const cell = cellOf(state.ensureDevice('ios'), 0)
  state.addEvents(cell, 1)
  for (let n = 0; n < 6000; n++) {
    state.viewers.add(cell, entryOf(hashUser(`user ${n}`)))
    if (n % 200 === 0) row.save(state)
  }
  row.save(state)
  const few = new ViewerSketch()
  for (let n = 0; n < 10; n++) few.absorb(cell, entryOf(hashUser(`user ${n}`)))
  state.viewers.replace(few)
  row.save(state)
  expect(row.load().viewers.estimate()).toBe(10)
})

test('merging rows equals one row of all events', () => {
  const lists = fc.array(happenings, {maxLength: 60})
  fc.assert(
    fc.property(lists, lists, (one, other) => {
      const merged = stateOf(one)
      mergeContentState(merged, stateOf(other))
      expect(viewOf(merged)).toEqual(viewOf(stateOf([...one, ...other])))
    }),
  )
})

test('the numbers alone come back without viewers', () => {
  const state = stateOf([{device: 'ios', type: 0, us: 5, ms: 30_000, user: 1}])
  const read = decodeContentState(encodeNumbers(state, new ByteWriter()))
  expect(read.totalDurationMs()).toBe(30_000)
  expect(read.viewers.estimate()).toBe(0)
  // And the state still has its own.
  expect(state.viewers.estimate()).toBe(1)
})

test('names of devices and keys of breakdowns never collide', () => {
  fc.assert(
    fc.property(
      fc.option(fc.string({maxLength: 64})),
      fc.option(fc.string({maxLength: 64})),
      (a, b) => {
        if (a !== b) expect(deviceKeyOf(a)).not.toBe(deviceKeyOf(b))
        expect(deviceOfKey(deviceKeyOf(a))).toBe(a)
      },
    ),
  )
  expect(deviceKeyOf('(none)')).not.toBe(deviceKeyOf(null))
  expect(deviceKeyOf('x'.repeat(65))).toBe('(other)')
})

test('numbers of any size and sign up to 2^52 are read back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({min: -(2 ** 52), max: 2 ** 52})), numbers => {
      const writer = new ByteWriter()
      for (const n of numbers) writer.signed(n)
      const reader = new ByteReader(writer.take())
      expect(numbers.map(() => reader.signed())).toEqual(numbers.map(n => (n === 0 ? 0 : n)))
      expect(reader.isAtEnd).toBe(true)
    }),
  )
})
