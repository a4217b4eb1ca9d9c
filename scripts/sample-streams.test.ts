import {expect, test} from 'vitest'
import {activity} from '../streams/sample/activity.ts'
import {content} from '../streams/sample/content.ts'
import {engagement} from '../streams/sample/engagement.ts'
import * as foreign from '../test/streams-foreign/watching.ts'
import {lackOfSample} from './sample-streams.ts'

test('the sample can be written where all of our own declarations are', () => {
  expect(lackOfSample([content, activity, engagement])).toBeUndefined()
})

test.each([
  ['one is left out', [content, engagement], 'content (public.content)'],
  ['they are of tables of others', [foreign.content, activity, foreign.engagement], 'media.videos'],
])('where %s it cannot, and what is declared is named', (_, streams, named) => {
  expect(lackOfSample(streams)).toMatch(/^the sample is rows of content, engagement, activity as/)
  expect(lackOfSample(streams)).toContain(named)
})
