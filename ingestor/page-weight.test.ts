import {expect, test} from 'vitest'
import {nextPace} from './page-weight.ts'

const rowsOf = (count: number) => Array.from({length: count}, (_, id) => ({id})) as never
const LARGE = {isWeighed: true, isLarge: true}
const SMALL = {isWeighed: true, isLarge: false}

test.each([
  ['large rows: twice as many as fitted', 2_000, [2_000, 20, 20], LARGE, 40, true],
  ['one row that is larger than a page', 2_000, [2_000, 1, 1], LARGE, 2, true],
  ['rows that fit: twice as many as were asked for', 40, [40, 40, 40], LARGE, 80, true],
  ['never more than a page has', 1_500, [1_500, 1_500, 1_500], LARGE, 2_000, true],
  ['a page that was not full says nothing', 40, [40, 3, 40], LARGE, 40, true],
  ['nor does one that was made narrow', 2_000, [1, 1, 1], LARGE, 2_000, true],
  ['small rows again: as many as can be', 40, [40, 40, 40], SMALL, 2_000, false],
  ['nothing at all says nothing', 40, [40, 0, 40], SMALL, 40, true],
  ['the first large row', 2_000, [2_000, 7, 7], {isWeighed: false, isLarge: true}, 2_000, true],
] as const)('the next page: %s', (_, rows, [asked, rowCount, limit], weight, next, isWeighed) => {
  const pace = {rows, isWeighed: weight.isWeighed}
  const of = {asked, most: 2_000}
  const page = {kind: 'page', lastId: 9, rowCount, limit} as const
  const tail = {kind: 'tail', snapshot: '1:1:', rowCount, limit} as const
  for (const answer of [page, tail]) {
    const found = nextPace(pace, of, {answer, rows: rowsOf(rowCount), weight})
    expect(found).toEqual({rows: next, isWeighed})
  }
})
