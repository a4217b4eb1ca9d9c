import * as fc from 'fast-check'
import {describe, expect, test} from 'vitest'
import {makeKey, makeSession, parseKey, readSession, secretMatches} from './access.ts'
import {
  bucketStarts,
  floorTo,
  GRANULARITIES,
  nextStart,
  offsetMs,
  type Granularity,
} from './calendar.ts'
import {toCsv, toJsonCell} from './csv.ts'
import {createCursors} from './cursor.ts'
import {depthOf, findBadJson} from './json-guard.ts'
import {parsePeriod} from './period.ts'
import {Problem} from './problem.ts'
import {roundAll, roundTo} from './rounding.ts'
import {toIso, toMicros} from './times.ts'

const ms = (text: string): number => Date.parse(text)

/** Whether some text or name anywhere in a value is of a kind: the plain way, to test against. */
function holds(value: unknown, isBad: (text: string, isName: boolean) => boolean): boolean {
  if (typeof value === 'string') return isBad(value, false)
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(item => holds(item, isBad))
  return Object.entries(value).some(([name, item]) => isBad(name, true) || holds(item, isBad))
}

describe('cursors', () => {
  const cursors = createCursors('secret')

  test('INV-60: a cursor comes back as it was made, for the query that made it', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (scope, position) => {
        const read = cursors.read(scope, cursors.make(scope, position))
        expect(read).toEqual(JSON.parse(JSON.stringify(position)))
      }),
    )
  })

  test('INV-60: a changed character, another query or another server is refused', () => {
    const cursor = cursors.make('a', [1, 'x'])
    fc.assert(
      fc.property(fc.nat(cursor.length - 1), fc.constantFrom('A', 'B', '.', '_'), (at, letter) => {
        const changed = `${cursor.slice(0, at)}${letter}${cursor.slice(at + 1)}`
        // The last character of base64 carries bits that mean nothing.
        fc.pre(changed !== cursor && at !== cursor.length - 1)
        expect(() => cursors.read('a', changed)).toThrow(Problem)
      }),
    )
    expect(() => cursors.read('b', cursor)).toThrow('cursor')
    expect(() => createCursors('other').read('a', cursor)).toThrow('cursor')
  })
})

describe('the calendar', () => {
  test.each([
    ['day', 'UTC', '2026-03-01T12:00:00Z', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z'],
    [
      'day',
      'Europe/Berlin',
      '2026-03-29T12:00:00Z',
      '2026-03-28T23:00:00Z',
      '2026-03-29T22:00:00Z',
    ],
    ['day', 'Asia/Kolkata', '2026-01-01T00:00:00Z', '2025-12-31T18:30:00Z', '2026-01-01T18:30:00Z'],
    ['week', 'UTC', '2026-01-01T00:00:00Z', '2025-12-29T00:00:00Z', '2026-01-05T00:00:00Z'],
    [
      'month',
      'America/New_York',
      '2026-01-01T02:00:00Z',
      '2025-12-01T05:00:00Z',
      '2026-01-01T05:00:00Z',
    ],
    [
      'hour',
      'Asia/Kolkata',
      '2026-01-01T00:10:00Z',
      '2025-12-31T23:30:00Z',
      '2026-01-01T00:30:00Z',
    ],
    ['day', 'Africa/Cairo', '2026-04-24T12:00:00Z', '2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z'],
  ] as const)('a %s in %s', (granularity, zone, at, start, next) => {
    expect(floorTo(ms(at), granularity, zone)).toBe(ms(start))
    expect(nextStart(ms(start), granularity, zone)).toBe(ms(next))
  })

  /** Every bucket that touches the time around an instant begins where the one before it ends. */
  function expectBuckets(at: number, granularity: Granularity, zone: string): void {
    const start = floorTo(at, granularity, zone)
    const next = nextStart(start, granularity, zone)
    const seen = {
      isInside: start <= at && at < next,
      ofStart: floorTo(start, granularity, zone),
      ofEnd: floorTo(next - 1, granularity, zone),
      ofNext: floorTo(next, granularity, zone),
    }
    const wanted = {isInside: true, ofStart: start, ofEnd: start, ofNext: next}
    expect(seen, `${granularity} of ${new Date(at).toISOString()} in ${zone}`).toEqual(wanted)
  }

  /** When the offset changes after `from`, if it does within half a year; else `from`. */
  function changeAfter(from: number, zone: string): number {
    let [low, high] = [from, from + 183 * 86_400_000]
    const offset = offsetMs(zone, low)
    if (offsetMs(zone, high) === offset) return from
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (offsetMs(zone, middle) === offset) low = middle
      else high = middle
    }
    return high
  }

  const NEAR = [-86_400_000, -5_400_000, -1_800_000, -1, 0, 1, 1_800_000, 5_400_000, 86_400_000]

  test('buckets follow each other without gap or overlap, in every zone, past and future', () => {
    const zones = [...Intl.supportedValuesOf('timeZone'), 'UTC']
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...GRANULARITIES),
        fc.integer({min: ms('1970-01-01T00:00:00Z'), max: ms('2100-01-01T00:00:00Z')}),
        fc.oneof(fc.constantFrom(...NEAR), fc.integer({min: -2e8, max: 2e8})),
        (zone, granularity, at, near) => {
          expectBuckets(changeAfter(at, zone) + near, granularity, zone)
        },
      ),
      {numRuns: 1000},
    )
  })

  test.each([
    ['hours that change by half', 'Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
    ['half an hour that is left out', 'Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
    ['a midnight that comes twice', 'America/Sao_Paulo', '1986-03-15T02:00:00Z'],
    ['a midnight that is left out', 'America/Sao_Paulo', '1986-10-25T03:00:00Z'],
    ['a change one minute after midnight', 'America/St_Johns', '2010-11-07T02:31:00Z'],
    ['a change by two hours', 'America/St_Johns', '1988-04-03T03:31:00Z'],
    ['clocks that go back at one', 'America/Havana', '2025-11-02T05:00:00Z'],
    ['clocks that go on at midnight', 'America/Havana', '2026-03-08T05:00:00Z'],
    ['a day that is left out', 'Pacific/Apia', '2011-12-30T10:00:00Z'],
    ['a day that comes twice', 'Pacific/Kwajalein', '1969-09-30T13:00:00Z'],
    ['an offset of seconds', 'Africa/Monrovia', '1972-01-07T00:44:30Z'],
    ['a change by less than an hour', 'Asia/Pyongyang', '2015-08-14T15:00:00Z'],
  ])('%s: buckets around it follow each other', (_what, zone, at) => {
    for (const near of NEAR) {
      for (const granularity of GRANULARITIES) expectBuckets(ms(at) + near, granularity, zone)
    }
  })

  test('a day of clock change has 23 or 25 hours, and too many buckets are refused', () => {
    const range = {from: ms('2026-10-24T22:00:00Z'), to: ms('2026-10-25T23:00:00Z')}
    expect(bucketStarts(range, 'hour', 'Europe/Berlin', 100)).toHaveLength(25)
    expect(bucketStarts(range, 'day', 'Europe/Berlin', 100)).toHaveLength(1)
    expect(bucketStarts(range, 'minute', 'UTC', 100)).toBeUndefined()
  })
})

describe('periods', () => {
  const now = ms('2026-11-21T10:30:00Z')
  const context = {now, zone: 'Europe/Berlin', fallback: 'all'}
  test.each([
    ['day', '2026-11-20T23:00:00Z'],
    ['7d', '2026-11-14T23:00:00Z'],
    ['24h', '2026-11-20T10:30:00Z'],
    ['10m', '2026-11-21T10:20:00Z'],
    ['month', '2026-10-31T23:00:00Z'],
    ['12mo', '2025-11-30T23:00:00Z'],
    ['year', '2025-12-31T23:00:00Z'],
  ])('%s starts at %s and ends now', (period, from) => {
    expect(parsePeriod({period}, context)).toEqual({from: ms(from), to: now})
  })

  test.each([
    ['yesterday', '2026-11-19T23:00:00Z', '2026-11-20T23:00:00Z'],
    ['last_month', '2026-09-30T22:00:00Z', '2026-10-31T23:00:00Z'],
  ])('%s is from %s to %s', (period, from, to) => {
    expect(parsePeriod({period}, context)).toEqual({from: ms(from), to: ms(to)})
  })

  test('a date begins in the zone of the caller', () => {
    expect(parsePeriod({from: '2026-11-01', to: '2026-11-02'}, context)).toEqual({
      from: ms('2026-10-31T23:00:00Z'),
      to: ms('2026-11-01T23:00:00Z'),
    })
  })

  test.each([
    [{from: '2026-02-30'}, 'from'],
    [{from: '2026-11-02', to: '2026-11-01'}, 'to'],
    [{period: '7d', from: '2026-11-01'}, 'period'],
    [{to: '2026-11-01'}, 'from'],
  ])('%j is refused, naming %s', (request, field) => {
    expect(() => parsePeriod(request, context)).toThrow(new RegExp(`^${field}: `))
  })
})

describe('keys', () => {
  test('a key is recognised, another secret is not, and its secret is not in what is stored', () => {
    const {key, hash, prefix} = makeKey()
    const parts = parseKey(key)!
    expect(parts.prefix).toBe(prefix)
    expect(secretMatches(parts.secret, hash)).toBe(true)
    expect(secretMatches(`${parts.secret.slice(0, -1)}!`, hash)).toBe(false)
    expect(secretMatches(parts.secret, undefined)).toBe(false)
    expect(hash.toString('base64url')).not.toBe(parts.secret)
  })

  test('a session ends, and cannot be prolonged or handed to another key', () => {
    const session = makeSession('s', 'abcdefgh', 1000)
    expect(readSession('s', session, 999)).toBe('abcdefgh')
    expect(readSession('s', session, 1000)).toBeUndefined()
    expect(readSession('s', session.replace('1000', '9999'), 999)).toBeUndefined()
    expect(readSession('s', session.replace('abcdefgh', 'hgfedcba'), 999)).toBeUndefined()
    expect(readSession('other', session, 999)).toBeUndefined()
  })
})

describe('rounding, CSV, times and JSON', () => {
  test('numbers are rounded half away from zero by their decimal text', () => {
    expect([
      roundTo(1.005, 2),
      roundTo(-1.005, 2),
      roundTo(30 / 1800, 4),
      roundTo(1e-9, 2),
    ]).toEqual([1.01, -1.01, 0.0167, 0])
    expect(roundAll({a: [0.12345, null, 'x'], b: {c: 1.5}}, 1)).toEqual({
      a: [0.1, null, 'x'],
      b: {c: 1.5},
    })
  })

  test('CSV has the named columns, quotes what needs it and disarms formulas', () => {
    const rows = [
      {a: 'x,"y"', b: null, c: {d: 1}, e: 'not asked for'},
      {a: '=1+1', b: -2},
    ]
    const columns = ['a', 'b', 'c']
    expect(toCsv({columns, rows})).toBe('a,b,c\r\n"x,""y""",,"{""d"":1}"\r\n\'=1+1,-2,\r\n')
    const numbers = [{a: '-12.50', b: '-Infinity', c: '-1+1'}]
    expect(toCsv({columns, rows: numbers})).toBe("a,b,c\r\n-12.50,-Infinity,'-1+1\r\n")
    expect(toCsv({columns, rows: []})).toBe('a,b,c\r\n')
    expect([{}, 'x', null].map(toJsonCell)).toEqual(['{}', '"x"', null])
  })

  test('microseconds survive the way to text and back', () => {
    fc.assert(
      fc.property(fc.integer({min: 0, max: 7_258_118_400_000_000}), micros => {
        expect(toMicros(toIso(micros))).toBe(micros)
      }),
    )
    expect(toMicros('2026-01-01T01:00:00.5+01:00')).toBe(
      ms('2026-01-01T00:00:00Z') * 1000 + 500_000,
    )
    expect(toMicros('2026-02-30T00:00:00Z')).toBeUndefined()
  })

  test('depth is found without parsing, also behind brackets in text', () => {
    expect(depthOf('{"a":"[[[["}')).toBe(1)
    expect(depthOf(String.raw`{"a\"[":[[1]]}`)).toBe(3)
    expect(depthOf('['.repeat(100_000))).toBe(33)
  })

  test('JSON that PostgreSQL takes is let through, NUL and prototypes are not', () => {
    const strings = fc.oneof(fc.string({unit: 'binary'}), fc.constantFrom('__proto__', '\0', 'a\0'))
    const {tree} = fc.letrec(tie => ({
      tree: fc.oneof(
        {maxDepth: 4},
        strings,
        fc.double({noNaN: true, noDefaultInfinity: true}),
        fc.constantFrom(true, null),
        fc.array(tie('tree'), {maxLength: 4}),
        fc.dictionary(strings, tie('tree'), {maxKeys: 4}),
      ),
    }))
    fc.assert(
      fc.property(tree, value => {
        const bad = holds(value, (text, isName) =>
          isName ? text === '__proto__' || text.includes('\0') : text.includes('\0'),
        )
        expect(findBadJson(JSON.parse(JSON.stringify(value))) === undefined).toBe(!bad)
      }),
    )
    expect(findBadJson('__proto__')).toBeUndefined()
    expect(findBadJson(JSON.parse('{"a":{"__proto__":1}}'))).toMatchObject({
      pointer: '/a/__proto__',
    })
  })
})
