import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {
  deriveEngagement,
  engagementPct,
  engagementSeconds,
  parsePage,
  parsePosition,
} from './events.ts'

test('seconds and ratio are those of the definition, unrounded', () => {
  expect(engagementSeconds(30_000)).toBe(30)
  expect(engagementPct(30_000, 1800)).toBe(30 / 1800)
  expect(engagementPct(3_600_000, 1800)).toBe(2)
  expect(engagementPct(0, 1800)).toBe(0)
})

test('without a duration or a length there is no ratio: neither 0 nor infinity', () => {
  expect(engagementSeconds(null)).toBeNull()
  expect(engagementPct(null, 1800)).toBeNull()
  expect(engagementPct(30_000, null)).toBeNull()
  expect(engagementPct(30_000, 0)).toBeNull()
})

test('an event of an unknown content keeps its seconds and nothing is made up', () => {
  expect(deriveEngagement({duration_ms: 1000}, null)).toEqual({
    content_type: null,
    length_seconds: null,
    engagement_seconds: 1,
    engagement_pct: null,
  })
})

test('a position is a whole number of milliseconds, or it was not given', () => {
  expect(parsePosition('{"position_ms": 45000}')).toBe(45_000)
  const useless = [
    null,
    'x"position_ms"',
    '{"position_ms": "45000"}',
    '{"position_ms": -1}',
    '{"position_ms": 1.5}',
    '{"a": {"position_ms": 1}}',
    '["position_ms"]',
  ]
  expect(useless.map(parsePosition)).toEqual(useless.map(() => null))
})

test('parsers never throw, whatever the text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), text => {
      parsePosition(text)
      parsePosition(`"position_ms"${text}`)
      parsePage({activity_type: 'page_view', metadata: text})
    }),
  )
})

test('only a page view with a text as page has a page', () => {
  const metadata = '{"page": "/home"}'
  expect(parsePage({activity_type: 'page_view', metadata})).toBe('/home')
  expect(parsePage({activity_type: 'login', metadata})).toBeNull()
  expect(parsePage({activity_type: 'page_view', metadata: '{"page": 7}'})).toBeNull()
  expect(parsePage({activity_type: 'page_view', metadata: null})).toBeNull()
})
