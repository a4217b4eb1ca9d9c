/** Which generations are folded, and who may write the names that people know. */
import pino from 'pino'
import {expect, test, vi} from 'vitest'
import {PipelineError} from '../platform/errors.ts'
import {nameOfGeneration} from '../contracts/generations.ts'
import {untilAborted} from '../platform/lifecycle.ts'
import {
  groupOf,
  layoutOf,
  servedOf,
  type Generation,
  type GenerationState,
} from '../readmodel/generations.ts'
import {activity} from '../streams/sample/activity.ts'
import {content} from '../streams/sample/content.ts'
import {engagement} from '../streams/sample/engagement.ts'
import type {GenerationPlan} from './generation.ts'
import {createGenerations, planGenerations, problemOf} from './generations.ts'

const STREAMS = [content, engagement, activity]

const generation = (
  stream: {readonly name: string} = engagement,
  number = 1,
  state: GenerationState = 'complete',
): Generation => ({
  stream: stream.name,
  keyspace: nameOfGeneration('numbers', number),
  space: `c${number}`,
  number,
  state,
  layout: layoutOf(STREAMS.find(({name}) => name === stream.name)!),
})
const FIRST = STREAMS.map(stream => generation(stream))

test('answers come from the newest complete generation, and from none that lacks rows', () => {
  const filling = generation(engagement, 2, 'filling')
  expect(servedOf([...FIRST, filling], 'engagement')?.number).toBe(1)
  expect(servedOf([...FIRST, {...filling, state: 'complete'}], 'engagement')?.number).toBe(2)
  expect(servedOf([filling], 'engagement')?.state).toBe('filling')
  expect(servedOf(FIRST, 'orders')).toBeNull()
})

test('each generation folds in a group of its own; the first has the name that people know', () => {
  const groups = [1, 2, 12].map(number =>
    groupOf('processor', 'numbers', nameOfGeneration('numbers', number)),
  )
  expect(groups).toEqual(['processor', 'processor_g2', 'processor_g12'])
})

test('a stream that is built again is folded twice, the others once, with the references they had', () => {
  const plans = planGenerations([...FIRST, generation(engagement, 2, 'filling')], STREAMS)
  const shown = plans.map(({keyspace, streams, references}) => ({
    keyspace,
    streams: streams.map(({name}) => name),
    references: references.map(one => one.keyspace),
  }))
  expect(shown).toEqual([
    {keyspace: 'numbers', streams: ['engagement', 'activity'], references: ['numbers']},
    {keyspace: 'numbers_g2', streams: ['engagement'], references: ['numbers']},
  ])
})

test('what was replaced, lacks rows or has another declaration is not folded, and that is said', () => {
  const states = (['replaced', 'incomplete'] as const).map(state =>
    generation(engagement, 1, state),
  )
  const other = {...generation(), layout: 'another'}
  for (const one of [...states, other]) expect(planGenerations([one], [engagement])).toEqual([])
  expect(problemOf([states[1]!], [engagement])).toContain(
    'were never counted: npm run rebuild -- engagement',
  )
  expect(problemOf([other], [engagement])).toContain('another declaration')
  expect(problemOf([], [engagement])).toContain('it has no tables: npm run init')
  expect(problemOf(FIRST, STREAMS)).toBeNull()
})

function setup() {
  let found: readonly Generation[] | Error = FIRST
  const running = new Map<string, (stream: string) => boolean>()
  const stop = new AbortController()
  const open = ({keyspace}: GenerationPlan, isNamed: (stream: string) => boolean) => ({
    name: keyspace,
    async run(signal: AbortSignal) {
      expect(running.has(keyspace), 'one at a time').toBe(false)
      running.set(keyspace, isNamed)
      await untilAborted(signal)
      running.delete(keyspace)
    },
  })
  let looks = 0
  const deps = {
    streams: STREAMS,
    async read() {
      await Promise.resolve()
      looks += 1
      if (found instanceof Error) throw found
      return found
    },
    open,
    onProblem: () => undefined,
    log: pino({level: 'silent'}),
  }
  const ended = createGenerations(deps, {lookEveryMs: 1}).run(stop.signal)
  return {
    running,
    /** Resolves when it was looked at and what follows from it has begun. */
    see: async (next: readonly Generation[] | Error): Promise<void> => {
      found = next
      const before = looks
      await vi.waitUntil(() => looks >= before + 2)
    },
    stop: async (): Promise<void> => {
      stop.abort()
      await ended
    },
  }
}

test('INV-70: the names that people know are the older generation’s until nobody folds it', async () => {
  const {running, see, stop} = setup()
  await see(FIRST)
  const second = STREAMS.map(stream => generation(stream, 2, 'filling'))
  await see([...FIRST, ...second])
  const named = (): unknown =>
    Object.fromEntries([...running].map(([keyspace, isNamed]) => [keyspace, isNamed('engagement')]))
  expect(named()).toEqual({numbers: true, numbers_g2: false})
  const complete = second.map(one => ({...one, state: 'complete' as const}))
  await see([...FIRST, ...complete])
  expect(named(), 'both are complete').toEqual({numbers: true, numbers_g2: false})
  await see([...FIRST.map(one => ({...one, state: 'replaced' as const})), ...complete])
  expect(named(), 'somebody else may fold it a moment longer').toEqual({numbers_g2: false})
  await see(complete)
  expect(named()).toEqual({numbers_g2: true})
  await stop()
})

test('while the keyspaces cannot be looked at, what runs goes on', async () => {
  const {running, see, stop} = setup()
  await see(FIRST)
  await see(new PipelineError('UPSTREAM_UNAVAILABLE', 'no answer', {disposition: 'retry'}))
  expect([...running.keys()]).toEqual(['numbers'])
  await see([])
  expect([...running.keys()]).toEqual([])
  await stop()
})
