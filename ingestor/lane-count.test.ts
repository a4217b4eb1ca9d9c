import {expect, test} from 'vitest'
import {remapLanes} from './lane-count.ts'

const at = (lane: number, snapFrom: string) => ({
  lane,
  cursor: {snapFrom, snapTo: '90:90:', lastId: 5},
})

test('INV-102: a split copies the place of the parent, a frozen batch included', () => {
  const lanes = remapLanes([at(0, '10:10:'), at(1, '20:20:')], 4)
  expect(lanes.map(({cursor}) => cursor.snapFrom)).toEqual(['10:10:', '20:20:', '10:10:', '20:20:'])
  expect(lanes[3]).toEqual({...at(1, '20:20:'), lane: 3})
})

test('INV-102: a union goes on from what all its parts have published', () => {
  const parts = [at(0, '10:10:'), at(1, '30:30:'), at(2, '5:20:5,7'), at(3, '31:31:')]
  expect(remapLanes(parts, 2)).toEqual([
    {lane: 0, cursor: {snapFrom: '5:10:5,7', snapTo: null, lastId: 0}},
    {lane: 1, cursor: {snapFrom: '30:30:', snapTo: null, lastId: 0}},
  ])
  expect(remapLanes(parts, 1)[0]!.cursor.snapFrom).toBe('5:10:5,7')
})
