import {expect, test} from 'vitest'
import {engagement} from '../test/streams-foreign/watching.ts'
import {planShown} from './shown.ts'

test('a reference is found by the text of its id, whatever kind the id is', () => {
  const shown = planShown(engagement)
  const event = {content_id: 7, duration_ms: 3000}
  expect(shown.referencesOf(event)).toEqual([{stream: 'content', id: '7'}])
  expect(shown.referencesOf({content_id: null})).toEqual([])
  const find = (stream: string, id: string) =>
    stream === 'content' && id === '7' ? {content_type: 'course', length_seconds: 6} : null
  expect(shown.valuesOf(event, find)).toEqual({
    content_type: 'course',
    length_seconds: 6,
    engagement_seconds: 3,
    engagement_pct: 0.5,
  })
})
