/** What a rebuild does next, from what there is. */
import {expect, test} from 'vitest'
import {layoutOf, type GenerationState, type Keyspace} from '../../readmodel/generations.ts'
import {activity} from '../../streams/sample/activity.ts'
import {content} from '../../streams/sample/content.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {planRebuild} from './plan.ts'

const STREAMS = [content, engagement, activity]

const keyspace = (
  name: string,
  number: number,
  states: Readonly<Record<string, GenerationState>>,
): Keyspace => ({
  name,
  catalog: {
    space: `c${number}`,
    number,
    streams: Object.fromEntries(
      Object.entries(states).map(([stream, state]) => [
        stream,
        {state, layout: layoutOf(STREAMS.find(one => one.name === stream)!)},
      ]),
    ),
  },
})
const all = (state: GenerationState) => ({content: state, engagement: state, activity: state})
const FIRST = keyspace('numbers', 1, all('complete'))

function plan(keyspaces: readonly Keyspace[], name?: string) {
  const found = planRebuild(keyspaces, STREAMS, {base: 'numbers', name})
  if (found.kind === 'finish') {
    return {kind: found.kind, old: found.old.map(one => `${one.keyspace} ${one.stream}`)}
  }
  return {...found, streams: found.streams.map(one => one.name)}
}

test('everything, or one stream, is built in a keyspace of its own', () => {
  const begun = {kind: 'begin', keyspace: 'numbers_g2', number: 2, dropFirst: []}
  expect(plan([FIRST])).toEqual({...begun, streams: ['content', 'engagement', 'activity']})
  expect(plan([FIRST], 'activity')).toEqual({...begun, streams: ['activity']})
})

test('the name that people know is taken when it is free, or holds nothing of use', () => {
  expect(plan([])).toMatchObject({keyspace: 'numbers', number: 1})
  expect(plan([keyspace('numbers_g2', 2, all('complete'))])).toMatchObject({
    keyspace: 'numbers',
    number: 3,
  })
  const useless = keyspace('numbers', 1, all('incomplete'))
  expect(plan([useless])).toMatchObject({keyspace: 'numbers', number: 2, dropFirst: ['numbers']})
  expect(plan([useless], 'activity')).toMatchObject({keyspace: 'numbers_g2', dropFirst: []})
  const unmade = {name: 'numbers_g2', catalog: null}
  expect(plan([FIRST, unmade])).toMatchObject({keyspace: 'numbers_g2', dropFirst: ['numbers_g2']})
})

test('one that was begun is gone on with, and no other is begun beside it', () => {
  const second = keyspace('numbers_g2', 2, {engagement: 'filling'})
  const resumed = {kind: 'resume', keyspace: 'numbers_g2', number: 2, streams: ['engagement']}
  expect(plan([FIRST, second])).toEqual(resumed)
  expect(plan([FIRST, second], 'engagement')).toEqual(resumed)
  expect(() => plan([FIRST, second], 'activity')).toThrow('a rebuild of engagement is unfinished')
})

test('where a newer one serves, the older ones are taken away first', () => {
  const second = keyspace('numbers_g2', 2, {engagement: 'complete'})
  expect(plan([FIRST, second])).toEqual({kind: 'finish', old: ['numbers engagement']})
  const replaced = keyspace('numbers', 1, {...all('complete'), engagement: 'replaced'})
  expect(plan([replaced, second], 'engagement')).toEqual({
    kind: 'finish',
    old: ['numbers engagement'],
  })
})

test('a stream that is not declared, or that nothing is counted of, is refused with what to do', () => {
  expect(() => plan([FIRST], 'orders')).toThrow(
    'there is no stream orders; there are content, engagement',
  )
  expect(() => plan([FIRST], 'content')).toThrow('npm run backfill -- content')
})
