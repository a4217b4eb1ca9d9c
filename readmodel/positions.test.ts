import {expect, test} from 'vitest'
import {connectTo, FakeCassandra} from '../test/fakes/cassandra.ts'
import {barePosition, createPositions, POSITION_TABLES} from './positions.ts'

test('INV-40: who takes a partition gets a takeover of its own, though another one comes right behind', async () => {
  const cassandra = new FakeCassandra()
  cassandra.create(POSITION_TABLES)
  const others = createPositions(connectTo(cassandra))
  await others.take('t', 0)
  let calls = 0
  // Between this one's success and its next look somebody else takes the partition.
  const slow = createPositions(
    connectTo(cassandra, async effect => {
      calls += 1
      if (calls === 3) await others.take('t', 0)
      return effect()
    }),
  )
  const own = await slow.take('t', 0)
  expect(own.takeover).toBe(2)
  expect(await slow.hold('t', 0, own), 'it has been overtaken').toBe(false)
})

test('INV-41: a position names what was stale at it, and what was named since, once', async () => {
  const cassandra = new FakeCassandra()
  cassandra.create(POSITION_TABLES)
  const positions = createPositions(connectTo(cassandra))
  const at = {topic: 't', partition: 0, takeover: 2}
  const block = (takeover: number, number: number) => ({takeover, number})
  await positions.saveStale(at, 5, [block(1, 1)])
  expect(await positions.load('t', 0), 'nothing was written yet').toBeNull()
  await positions.save(at, {...barePosition(4, 'here'), stale: [block(1, 1), block(2, 1)]})
  await positions.saveStale(at, 9, [block(2, 1), block(2, 2)])
  const position = await positions.load('t', 0)
  expect(position).toMatchObject({offset: 4, stale: [block(1, 1), block(2, 1), block(2, 2)]})
})

test('INV-40: an owner of a keyspace that was made again holds nothing in it, though its takeover is there', async () => {
  const cassandra = new FakeCassandra()
  cassandra.create(POSITION_TABLES)
  const positions = createPositions(connectTo(cassandra))
  const before = await positions.take('t', 0)
  cassandra.clear()
  expect(await positions.hold('t', 0, before)).toBe(false)
  const after = await positions.take('t', 0)
  expect(after.takeover).toBe(before.takeover)
  expect(await positions.hold('t', 0, before)).toBe(false)
  expect(await positions.hold('t', 0, {...after, ceiling: 7})).toBe(true)
})
