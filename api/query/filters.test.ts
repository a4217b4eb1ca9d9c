import {describe, expect, test} from 'vitest'
import {planStream} from '../../readmodel/plan.ts'
import {orders} from '../../test/streams-with-orders/orders.ts'
import type {Problem} from '../problem.ts'
import type {Filter} from '../schemas/query.ts'
import {planFilters} from './filters.ts'
import {subjectOf} from './subject.ts'

const subject = subjectOf(planStream(orders))
const plan = (...filters: Filter[]) => planFilters(filters, subject)

/** What a filter is refused with. */
function refusal(filter: Filter): {status: number; field: string; detail: string} {
  try {
    plan(filter)
  } catch (error) {
    const {status, errors} = error as Problem
    return {status, field: errors[0]!.field, detail: errors[0]!.detail}
  }
  throw new Error('it was not refused')
}

describe('a condition on a dimension', () => {
  const PRODUCTS = ['sofa', 'Sofa bed', 'bed', '/a/b', 'x\ny', '', null]
  test.each<[Filter, (string | null)[]]>([
    [
      ['is', 'product', ['sofa', null]],
      ['sofa', null],
    ],
    [
      ['is_not', 'product', ['sofa', null]],
      ['Sofa bed', 'bed', '/a/b', 'x\ny', ''],
    ],
    [['is', 'product', ['SOFA BED'], {case_sensitive: false}], ['Sofa bed']],
    [
      ['contains', 'product', ['bed']],
      ['Sofa bed', 'bed'],
    ],
    [['contains', 'product', ['sofa']], ['sofa']],
    [
      ['contains', 'product', ['sofa'], {case_sensitive: false}],
      ['sofa', 'Sofa bed'],
    ],
    [
      ['contains_not', 'product', ['o', 'x']],
      ['bed', '/a/b', '', null],
    ],
    [
      ['matches', 'product', ['^[sb]', 'b$']],
      ['sofa', 'bed', '/a/b'],
    ],
    [
      ['matches', 'product', ['^SOFA'], {case_sensitive: false}],
      ['sofa', 'Sofa bed'],
    ],
    [
      ['matches_not', 'product', ['.']],
      ['', null],
    ],
    [
      ['matches_wildcard', 'product', ['/**', 's*', 'x*y']],
      ['sofa', '/a/b', 'x\ny'],
    ],
    [['matches_wildcard', 'product', ['[ab]*']], []],
    [['matches_wildcard_not', 'product', ['*']], [null]],
    [
      ['not', ['is', 'product', ['sofa']]],
      ['Sofa bed', 'bed', '/a/b', 'x\ny', '', null],
    ],
    [
      [
        'or',
        [
          ['is', 'product', ['sofa']],
          [
            'and',
            [
              ['contains', 'product', ['bed']],
              ['contains', 'product', ['S']],
            ],
          ],
        ],
      ],
      ['sofa', 'Sofa bed'],
    ],
  ])('%j lets through %j', (filter, wanted) => {
    const {matches, used} = plan(filter)
    expect(PRODUCTS.filter(product => matches({product}))).toEqual(wanted)
    expect([...used]).toEqual(['product'])
  })

  test('a number is compared as a number, and its digits are a text', () => {
    const is = plan(['is', 'shop_id', [1, null]])
    expect([1, 2, null, '(other)'].map(shop_id => is.matches({shop_id}))).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect(plan(['contains', 'shop_id', ['1']]).matches({shop_id: 21})).toBe(true)
  })

  test('every filter has to be met', () => {
    const {matches} = plan(['is', 'status', ['paid']], ['is_not', 'product', ['bed']])
    expect(matches({status: 'paid', product: 'sofa'})).toBe(true)
    expect(matches({status: 'paid', product: 'bed'})).toBe(false)
    expect(matches({status: 'new', product: 'sofa'})).toBe(false)
  })

  test('INV-117: a pattern that takes a backtracking engine for ever is answered at once', () => {
    const {matches} = plan(['matches', 'product', ['^(a+)+$', '(a|aa)*b']])
    const start = performance.now()
    expect(matches({product: `${'a'.repeat(400)}!`})).toBe(false)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

test('keys are named by what has to be one of some values, with all and with either', () => {
  const textsOf = (...filters: Filter[]) =>
    Object.fromEntries([...plan(...filters).named].map(([field, texts]) => [field, [...texts]]))
  expect(textsOf(['is', 'shop_id', [1, null]])).toEqual({shop_id: ['1', '\0']})
  expect(textsOf(['is', 'shop_id', [1, 2]], ['is', 'shop_id', [2, 3]])).toEqual({shop_id: ['2']})
  const [one, two, sofa]: Filter[] = [
    ['is', 'shop_id', [1]],
    ['is', 'shop_id', [2]],
    ['is', 'product', ['sofa']],
  ]
  expect(textsOf(['or', [one!, two!]])).toEqual({shop_id: ['1', '2']})
  expect(textsOf(['or', [one!, sofa!]])).toEqual({})
  expect(textsOf(['and', [one!, sofa!]])).toEqual({shop_id: ['1'], product: ['sofa']})
  expect(textsOf(['not', one!])).toEqual({})
  expect(textsOf(['is_not', 'shop_id', [1]])).toEqual({})
  expect(textsOf(['is', 'product', ['sofa'], {case_sensitive: false}])).toEqual({})
})

describe('a condition on a metric', () => {
  test.each<[Filter, readonly number[]]>([
    [['greater', 'orders', 2], [3]],
    [
      ['greater_or_equal', 'orders', 2],
      [2, 3],
    ],
    [['less', 'orders', 2], [1]],
    [
      ['less_or_equal', 'orders', 2],
      [1, 2],
    ],
    [['equal', 'orders', 2], [2]],
    [
      ['not_equal', 'orders', 2],
      [1, 3],
    ],
    [
      ['not', ['equal', 'orders', 2]],
      [1, 3],
    ],
    [
      [
        'or',
        [
          ['less', 'orders', 2],
          ['greater', 'orders', 2],
        ],
      ],
      [1, 3],
    ],
  ])('%j shows rows with %j', (filter, wanted) => {
    const {holds, metrics, matches} = plan(filter)
    expect([1, 2, 3].filter(number => holds({orders: number}))).toEqual(wanted)
    expect([...metrics]).toEqual(['orders'])
    expect(matches({})).toBe(true)
  })

  test('null is no number: it is not compared with one', () => {
    for (const operator of ['less', 'greater', 'not_equal', 'equal'] as const) {
      expect(plan([operator, 'price', 1]).holds({price: null})).toBe(false)
    }
  })

  test('stands beside conditions on dimensions, also where and joins them', () => {
    const {matches, holds} = plan([
      'and',
      [
        ['is', 'status', ['paid']],
        ['greater', 'orders', 2],
      ],
    ])
    expect([matches({status: 'new'}), holds({orders: 3})]).toEqual([false, true])
  })
})

describe('refused', () => {
  test.each<[string, Filter, number, string, RegExp]>([
    [
      'an unknown dimension',
      ['is', 'colour', ['x']],
      400,
      '/1',
      /^must be one of shop_id, product/,
    ],
    ['an unknown metric', ['greater', 'profit', 1], 400, '/1', /^must be one of orders, returned/],
    ['a text for a number', ['is', 'shop_id', ['1']], 400, '/2/0', /a whole number, as shop_id is/],
    ['a number for a text', ['is', 'status', ['new', 1]], 400, '/2/1', /a text, as status is/],
    ['a part that is a number', ['contains', 'status', [1]], 400, '/2/0', /a text, as contains/],
    ['no pattern', ['matches', 'status', ['(']], 400, '/2/0', /syntax of RE2: .*missing/],
    ['a look-ahead', ['matches', 'status', ['(?=a)']], 400, '/2/0', /syntax of RE2/],
    [
      'a pattern that grows',
      ['matches', 'status', ['((a{9}){99}){99}']],
      400,
      '/2/0',
      /syntax of RE2/,
    ],
    [
      'a pattern of many steps',
      ['matches', 'status', ['(a{999}|b{999})']],
      400,
      '/2/0',
      /it takes \d+ steps/,
    ],
    [
      'many patterns',
      ['matches', 'status', Array.from({length: 21}, () => 'a')],
      422,
      '/2',
      /can hold 20 patterns/,
    ],
    ['a time as a number', ['greater', 'last_at', 1], 422, '/1', /no number to compare/],
    ['a text as a number', ['greater', 'last_status', 1], 422, '/1', /no number to compare/],
    [
      'who did something',
      ['has_done', ['is', 'status', ['paid']]],
      422,
      '',
      /count by them, \{by: 'buyer', every: \['total'\]\} in streams\/orders\.ts/,
    ],
    [
      'who did not',
      ['has_not_done', ['is', 'status', ['paid']]],
      422,
      '',
      /events are not kept by who/,
    ],
  ])('%s', (_what, filter, status, field, detail) => {
    expect(refusal(filter)).toEqual({
      status,
      field: `/filters/0${field}`,
      detail: expect.stringMatching(detail),
    })
  })

  test.each(['or', 'not'] as const)(
    'metrics and dimensions joined by %s, with the reason',
    operator => {
      const [events, groups]: Filter[] = [
        ['is', 'status', ['paid']],
        ['greater', 'orders', 1],
      ]
      const both: Filter = [operator === 'or' ? 'or' : 'and', [events!, groups!]]
      const {status, detail} = refusal(operator === 'or' ? both : ['not', both])
      expect(status).toBe(422)
      expect(detail).toMatch(/give them beside each other in filters/)
    },
  )
})
