import {expect, test} from 'vitest'
import {planStream} from '../../readmodel/plan.ts'
import {orders} from '../../test/streams-with-orders/orders.ts'
import type {Problem} from '../problem.ts'
import type {Filter} from '../schemas/query.ts'
import {planFilters} from './filters.ts'
import {checkSegment, expandSegments, segmentNames, type Segments} from './segments.ts'
import {subjectOf} from './subject.ts'

const subject = subjectOf(planStream(orders))
const SEGMENTS: Segments = new Map<string, readonly Filter[]>([
  ['paid', [['is', 'status', ['paid']]]],
  [
    'sofas',
    [
      ['contains', 'product', ['sofa']],
      ['is_not', 'shop_id', [9]],
    ],
  ],
  ['large', [['greater', 'orders', 10]]],
  ['old', [['is', 'colour', ['red']]]],
])

const matches = (filter: Filter, labels: Readonly<Record<string, string | number>>): boolean =>
  planFilters(expandSegments([filter], SEGMENTS, subject), subject).matches(labels)

const SOFA = {status: 'new', product: 'sofa', shop_id: 1}

test('a segment stands for its filters, each of several for its own', () => {
  expect(matches(['is', 'segment', ['sofas']], SOFA)).toBe(true)
  expect(matches(['is', 'segment', ['sofas']], {...SOFA, shop_id: 9})).toBe(false)
  expect(matches(['is', 'segment', ['paid']], SOFA)).toBe(false)
  expect(matches(['is', 'segment', ['paid', 'sofas']], SOFA)).toBe(true)
  expect(matches(['is_not', 'segment', ['sofas']], SOFA)).toBe(false)
  expect(matches(['not', ['or', [['is', 'segment', ['paid']]]]], SOFA)).toBe(true)
})

test('a segment may have conditions on metrics', () => {
  const filters = expandSegments([['is', 'segment', ['large']]], SEGMENTS, subject)
  const {holds} = planFilters(filters, subject)
  expect([holds({orders: 10}), holds({orders: 11})]).toEqual([false, true])
})

test('names are found wherever they stand', () => {
  const filters: Filter[] = [
    ['and', [['is', 'segment', ['a']]]],
    ['not', ['is', 'segment', ['b', 'a']]],
    ['is', 'status', ['segment']],
    ['greater', 'orders', 1],
  ]
  expect(segmentNames(filters)).toEqual(['a', 'b'])
})

test.each<[string, Filter, number, string, RegExp]>([
  [
    'an unknown name',
    ['is', 'segment', ['nobody']],
    400,
    '/filters/0/2/0',
    /must be a segment of orders: \/v1\/segments/,
  ],
  ['no name', ['is', 'segment', [7]], 400, '/filters/0/2/0', /must be a segment of orders/],
  [
    'a part of a name',
    ['contains', 'segment', ['pa']],
    400,
    '/filters/0/0',
    /must be is or is_not/,
  ],
  [
    'one that does not fit any more',
    ['is', 'segment', ['old']],
    422,
    '/filters/0/2/0',
    /change or delete it: .*colour|must be one of/,
  ],
])('%s is refused', (_what, filter, status, field, detail) => {
  const expand = (): unknown => expandSegments([filter], SEGMENTS, subject)
  const thrown = (() => {
    try {
      return expand()
    } catch (error) {
      return error
    }
  })() as Problem
  expect(thrown.status).toBe(status)
  expect(thrown.errors).toMatchObject([{field, detail: expect.stringMatching(detail)}])
})

test('a segment is made of filters that fit its stream, and of no other segment', () => {
  expect(() => checkSegment([['is', 'status', ['paid']]], subject)).not.toThrow()
  expect(() => checkSegment([['is', 'segment', ['paid']]], subject)).toThrow(/other segments/)
  expect(() => checkSegment([['is', 'colour', ['red']]], subject)).toThrow(/must be one of/)
})
