import * as fc from 'fast-check'
import {describe, expect, test} from 'vitest'
import {toCsv} from './csv.ts'
import * as format from './format.ts'
import {bannerOf} from './health.ts'
import {diffLines} from './line-diff.ts'
import {chooseRange, RANGE_NAMES, RANGES} from './ranges.ts'
import {decodeBase64, toHexLines} from './raw-bytes.ts'
import {
  foldHistory,
  foldPoint,
  prepend,
  toColumns,
  type SeriesOptions,
  type Step,
} from './series.ts'
import {
  choose,
  formatUrl,
  guessView,
  pageOf,
  parseUrl,
  shownView,
  VIEWS,
  viewsOf,
} from './url-state.ts'

describe('figures', () => {
  test('a missing figure is a dash, never a zero', () => {
    for (const print of [
      format.formatCount,
      format.formatCompact,
      format.formatRate,
      format.formatRatio,
      format.formatSeconds,
      format.formatMs,
      format.formatAgo,
      format.formatBytes,
    ]) {
      for (const missing of [null, undefined, Number.NaN, Infinity])
        expect(print(missing)).toBe('–')
      expect(print(0)).not.toBe('–')
    }
    expect(format.formatTime('not a time')).toBe('–')
    expect(format.formatTime(null)).toBe('–')
  })

  test.each([
    [0, '0 s'],
    [1.25, '1.3 s'],
    [42, '42 s'],
    [59.6, '1 m 00 s'],
    [185, '3 m 05 s'],
    [7620, '2 h 07 m'],
    [1_047_600, '12 d 3 h'],
  ])('%d seconds read %s', (seconds, text) => {
    expect(format.formatSeconds(seconds)).toBe(text)
  })

  test('ratios are percent and may exceed 100', () => {
    expect(format.formatRatio(1 / 60)).toBe('1.7%')
    expect(format.formatRatio(1.5)).toBe('150.0%')
    expect(format.formatRatio(0)).toBe('0.0%')
    expect(format.formatRatio(0.0004)).toBe('<0.1%')
  })

  test('rates keep a decimal while they are small', () => {
    expect(format.formatRate(0.04)).toBe('<0.1')
    expect(format.formatRate(3.14)).toBe('3.1')
    expect(format.formatRate(1234.5)).toBe('1,235')
    expect(format.formatRate(25_300)).toBe('25.3K')
  })

  test('times are shown in the zone asked for', () => {
    const time = '2026-01-31T23:30:00.250000Z'
    expect(format.formatTime(time, {zone: 'UTC'})).toBe('31 Jan 2026, 23:30:00')
    expect(format.formatTime(time, {zone: 'Asia/Tokyo'})).toBe('01 Feb 2026, 08:30:00')
    expect(format.formatTime(time, {zone: 'UTC', milliseconds: true})).toContain('23:30:00.250')
    expect(format.formatClock(time, 'Asia/Tokyo')).toBe('08:30:00')
  })

  test('shortening never splits a character', () => {
    expect(format.shorten('abc', 3)).toBe('abc')
    expect(format.shorten('😀😀😀😀', 3)).toBe('😀😀😀…')
    fc.assert(
      fc.property(
        fc.string({unit: 'binary', maxLength: 40}),
        fc.integer({min: 1, max: 20}),
        (text, max) => {
          const short = format.shorten(text, max)
          return short.isWellFormed() && Array.from(short).length <= max + 1
        },
      ),
    )
  })
})

describe('addresses', () => {
  test('a state survives its address', () => {
    const values = fc.dictionary(
      fc.stringMatching(/^[a-z_]{1,20}$/).filter(name => name !== 'view' && name !== '__proto__'),
      fc.string({minLength: 1, maxLength: 60}).filter(text => text.isWellFormed()),
    )
    fc.assert(
      fc.property(fc.constantFrom(...VIEWS), values, (view, given) => {
        const read = parseUrl(formatUrl(view, given).slice(1))
        expect(read.view).toBe(view)
        expect({...read.values}).toEqual({...given})
      }),
    )
  })

  test('unknown views and oversized values fall away', () => {
    expect(parseUrl('?view=admin').view).toBe('overview')
    expect(parseUrl(`?id=${'x'.repeat(501)}&q=ok&__proto__=1&A=2`).values).toEqual({q: 'ok'})
    expect(parseUrl(`?key=${'x'.repeat(4001)}`).values).toEqual({})
    expect(parseUrl(`?key=${'x'.repeat(4000)}`).values['key']).toHaveLength(4000)
    expect(formatUrl('overview', {a: undefined, b: ''})).toBe('/')
  })

  test('a path that no page has is told apart, and may mean one', () => {
    expect(parseUrl('?q=a', '/').unknownPath).toBeUndefined()
    expect(parseUrl('?q=a', '/content').unknownPath).toBe('/content')
    expect(['/content', '/Contents/7', '/user', '/users/', '/', '/docs2'].map(guessView)).toEqual([
      'content',
      'content',
      'users',
      'users',
      undefined,
      undefined,
    ])
  })

  test('another content is another page, another range is not', () => {
    const page = (search: string): string => pageOf(parseUrl(search))
    expect(page('?view=content&id=a&range=7d')).toBe(page('?view=content&id=a'))
    for (const other of ['?view=content&id=b', '?view=users&id=a', '?view=content&id=a&cursor=x'])
      expect(page(other)).not.toBe(page('?view=content&id=a'))
    expect(pageOf(parseUrl('', '/content'))).not.toBe(pageOf(parseUrl('')))
    // Of streams, another one or another key; of the pipeline, the stream is a choice of a form.
    expect(page('?view=streams&stream=a')).not.toBe(page('?view=streams&stream=b'))
    expect(page('?view=streams&stream=a&key=x')).not.toBe(page('?view=streams&stream=a'))
    expect(page('?view=streams&stream=a&tab=keys&by=x')).toBe(page('?view=streams&stream=a'))
    expect(page('?view=pipeline&stream=a')).toBe(page('?view=pipeline&stream=b'))
  })

  test('a choice is one of the choices, or the first', () => {
    expect(choose('b', ['a', 'b'])).toBe('b')
    expect(choose('z', ['a', 'b'])).toBe('a')
  })

  test('every range has a granularity that gives between 1 and 1,500 buckets', () => {
    const perDay = {minute: 1440, hour: 24, day: 1, week: 1 / 7, month: 1 / 31}
    for (const name of RANGE_NAMES) {
      for (const granularity of RANGES[name].granularities) {
        expect(chooseRange(name, granularity)).toEqual({range: name, granularity})
        const buckets = RANGES[name].days * perDay[granularity]
        expect(buckets).toBeGreaterThan(1)
        expect(buckets).toBeLessThanOrEqual(1500)
      }
    }
    expect(chooseRange('12mo', 'minute').granularity).toBe('month')
    expect(chooseRange('bogus', undefined)).toEqual({range: '24h', granularity: 'hour'})
  })
})

describe('live series', () => {
  const options: SeriesOptions = {
    stepMs: 10_000,
    windowMs: 1_800_000,
    rules: ['mean', 'max', 'last'],
  }

  test('points of one step become one value, each by its rule', () => {
    let steps: readonly Step[] = []
    steps = foldPoint(steps, {at: 10_000, values: [1, 1, 1]}, options)
    steps = foldPoint(steps, {at: 12_000, values: [3, 9, 5]}, options)
    steps = foldPoint(steps, {at: 19_999, values: [5, 4, 2]}, options)
    expect(steps).toEqual([{at: 10_000, count: 3, values: [3, 9, 2]}])
  })

  test('INV-90: a day of points keeps half an hour', () => {
    let steps: readonly Step[] = []
    for (let at = 0; at < 86_400_000; at += 5000) {
      steps = foldPoint(steps, {at, values: [at, null, 1]}, options)
      expect(steps.length).toBeLessThanOrEqual(181)
    }
    expect(steps.at(-1)!.at - steps[0]!.at).toBeLessThanOrEqual(options.windowMs)
  })

  test('a gap is drawn as a gap, and a missing figure changes nothing', () => {
    const steps = foldHistory(
      [
        {at: 40_000, values: [4, 4, 4]},
        {at: 10_000, values: [1, null, 1]},
      ],
      options,
    )
    expect(toColumns(steps, options)).toEqual([
      [10, 20, 40],
      [1, null, 4],
      [null, null, 4],
      [1, null, 4],
    ])
  })

  test('a clock set back does not draw backwards', () => {
    const steps = foldHistory([{at: 50_000, values: [1, 1, 1]}], options)
    expect(foldPoint(steps, {at: 30_000, values: [9, 9, 9]}, options)).toBe(steps)
  })

  test('arriving events are listed newest first, once, and bounded', () => {
    const keyOf = (n: number): number => n
    expect(prepend([2, 1], 3, keyOf, 3)).toEqual([3, 2, 1])
    expect(prepend([3, 2, 1], 2, keyOf, 3)).toEqual([2, 3, 1])
    expect(prepend([3, 2, 1], 4, keyOf, 3)).toEqual([4, 3, 2])
  })
})

describe('what engineers look at', () => {
  test('CSV quotes what must be quoted and keeps formulas text', () => {
    const csv = toCsv(
      ['a', 'b'],
      [
        ['x,"y"\n', null],
        ['=1+1', -2],
        ['@x', true],
      ],
    )
    expect(csv).toBe('a,b\r\n"x,""y""\n",\r\n\'=1+1,-2\r\n\'@x,true\r\n')
  })

  test('bytes show as hexadecimal and text', () => {
    const bytes = decodeBase64(btoa('\0\0\0\0\x01hello, world ok'))
    const lines = toHexLines(bytes)
    expect(lines[0]).toEqual({
      offset: '0000',
      hex: '00 00 00 00 01 68 65 6c 6c 6f 2c 20 77 6f 72 6c',
      text: '·····hello, worl',
    })
    expect(lines[1]!.offset).toBe('0010')
    expect(toHexLines(new Uint8Array())).toEqual([])
  })

  test('a difference rebuilds both texts', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd'), {maxLength: 12})
      .map(l => l.join('\n'))
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before, after)
        const side = (kind: 'removed' | 'added'): string =>
          lines
            .filter(l => l.kind === 'same' || l.kind === kind)
            .map(l => l.text)
            .join('\n')
        expect(side('removed')).toBe(before)
        expect(side('added')).toBe(after)
      }),
    )
    expect(diffLines('a\nb\nc', 'a\nc').filter(l => l.kind !== 'same')).toEqual([
      {kind: 'removed', text: 'b'},
    ])
  })
})

describe('the banner about health', () => {
  const error = (what: string) => ({severity: 'error', what}) as const
  const warning = {severity: 'warning', what: 'Many wait.'} as const

  test('is not there while figures can be believed, warnings or not', () => {
    expect(bannerOf({state: 'healthy', findings: []})).toBeUndefined()
    expect(bannerOf({state: 'healthy', findings: [warning]})).toBeUndefined()
  })

  test('says that it starts, which does not look broken', () => {
    const {tone, text} = bannerOf({state: 'starting', findings: [warning]})!
    expect([tone, text]).toEqual(['warn', expect.stringContaining('is starting')])
  })

  test('names the first error, and how many more there are', () => {
    const one = bannerOf({state: 'unhealthy', findings: [error('Kafka is away.'), warning]})
    expect(one).toEqual({tone: 'bad', text: 'The pipeline is not healthy. Kafka is away.'})
    const two = bannerOf({state: 'unhealthy', findings: [error('One.'), error('Two.')]})
    expect(two?.text).toBe('The pipeline is not healthy. One. And 1 more.')
  })
})

test('INV-136: pages about what is not declared are not there, and the first one is that of the streams', () => {
  expect(viewsOf(undefined)).toEqual(VIEWS)
  expect(viewsOf(['content', 'engagement', 'activity'])).toEqual(VIEWS)
  expect(viewsOf(['content', 'engagement'])).not.toContain('users')
  expect(viewsOf([])).toEqual([
    'streams',
    'insight',
    'schedules',
    'alerts',
    'pipeline',
    'inspector',
  ])
  expect(shownView('overview', [])).toBe('streams')
  expect(shownView('users', ['activity'])).toBe('users')
  expect(shownView('overview', undefined)).toBe('overview')
})
