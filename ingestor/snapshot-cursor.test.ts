import fc from 'fast-check'
import {expect, test} from 'vitest'
import {
  advance,
  intersectSnapshots,
  isVisibleIn,
  planRead,
  startPosition,
  type Cursor,
} from './snapshot-cursor.ts'

const cursor: Cursor = {snapFrom: '10:12:10', snapTo: null, lastId: 0}

const snapshot = fc
  .record({
    xmax: fc.integer({min: 1, max: 20}),
    running: fc.uniqueArray(fc.integer({min: 1, max: 20})),
  })
  .map(({xmax, running}) => {
    const xip = running.filter(xid => xid < xmax).toSorted((a, b) => a - b)
    return `${xip[0] ?? xmax}:${xmax}:${xip.join(',')}`
  })

test('INV-3: a new owner first reads everything up to its takeover snapshot, as redelivered', () => {
  const start = startPosition(cursor, '20:20:')
  expect(planRead(start)).toMatchObject({kind: 'lowest', xmax: '12', xip: '{10}', snapTo: '20:20:'})
  const begun = advance(start, {kind: 'lowest', id: 7})
  expect(planRead(begun)).toMatchObject({kind: 'page', afterId: 6, redelivered: true})
  const done = advance(begun, {kind: 'page', rowCount: 1, limit: 5, lastId: 7})
  expect(planRead(done)).toMatchObject({kind: 'tail', xmax: '20', xip: '{}'})
})

test('a batch that its predecessor had begun is finished first, then comes the takeover snapshot', () => {
  const start = startPosition({...cursor, snapTo: '15:15:', lastId: 4}, '20:20:')
  expect(planRead(start)).toMatchObject({kind: 'page', snapTo: '15:15:', afterId: 4})
  const next = advance(start, {kind: 'page', rowCount: 0, limit: 5, lastId: 4})
  expect(planRead(next)).toMatchObject({kind: 'lowest', xmax: '15', snapTo: '20:20:'})
  expect(planRead(advance(next, {kind: 'lowest', id: null}))).toMatchObject({kind: 'tail'})
})

test('the very first row of an outbox does not hold its batch up', () => {
  const start = startPosition({snapFrom: '1:1:', snapTo: null, lastId: 0}, '20:20:')
  expect(planRead(advance(start, {kind: 'lowest', id: 1}))).toMatchObject({
    kind: 'page',
    afterId: 0,
  })
})

test('a tail that overflows is frozen at its own snapshot and read again in pages', () => {
  const tail = {cursor, takeover: null}
  const frozen = advance(tail, {kind: 'tail', snapshot: '30:30:', rowCount: 6, limit: 5})
  expect(planRead(frozen)).toMatchObject({kind: 'lowest', xmax: '12', snapTo: '30:30:'})
  const page = planRead(advance(frozen, {kind: 'lowest', id: 3}))
  expect(page).toMatchObject({kind: 'page', redelivered: false})
})

test('the intersection of snapshots sees what both see', () => {
  fc.assert(
    fc.property(snapshot, snapshot, (a, b) => {
      const both = intersectSnapshots(a, b)
      for (let xid = 1n; xid < 25n; xid++) {
        expect(isVisibleIn(both, xid)).toBe(isVisibleIn(a, xid) && isVisibleIn(b, xid))
      }
    }),
  )
})
