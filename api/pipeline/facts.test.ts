import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest'
import {content} from '../../streams/sample/content.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {layoutOf, type Generation, type GenerationState} from '../../readmodel/generations.ts'
import type {Rows, Session} from '../database.ts'
import {contradictionOf, createUnfilled, readContradictions} from './fact-sources.ts'
import {createFacts, type FactsDeps, type Gathered} from './facts.ts'
import {createHealthOf} from './health.ts'
import type {LagView} from './lag.ts'
import {createLagTrend} from './lag-trend.ts'
import {createReadModels} from './read-models.ts'

const STREAMS = [content, engagement]
const ENGAGEMENT = 'p-engagement_events'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Answers by the first text that a query contains. */
const database = (answers: Readonly<Record<string, readonly unknown[]>>): Session => ({
  async query<T>(text: string): Promise<Rows<T>> {
    const found = Object.entries(answers).find(([part]) => text.includes(part))
    if (found === undefined) throw new Error(`permission denied: ${text}`)
    const rows = found[1] as readonly T[]
    return await Promise.resolve({rows, rowCount: rows.length})
  },
})

const partition = (changes: Partial<LagView['partitions'][number]> = {}) => {
  const {end = 10, committed = 10, begin = 0} = changes
  const lag = end - Math.max(committed, begin)
  return {topic: ENGAGEMENT, partition: 0, begin, committed, end, lag, ...changes}
}

/** A look at the moment of the question. */
const look = (changes: Partial<LagView> = {}): LagView => ({
  at: Date.now(),
  outboxUnpublished: 0,
  outboxOldestSeconds: null,
  partitions: [partition()],
  records: 0,
  ...changes,
})

const DB = {
  'cdc.check()': [],
  'cdc.captured_tables': STREAMS.map(({table, topic}) => ({table, topic})),
  'cdc.outbox_ids': [],
  'cdc.reconciliations': [],
  'SELECT EXISTS': [{filled: false}],
}

const deps = (changes: Partial<FactsDeps> = {}): FactsDeps => ({
  db: database(DB),
  admin: async () => ({
    listTopics: async () => [ENGAGEMENT, 'p-content'].map(topic => ({topic, partitions: 1})),
    offsets: async () => [{partition: 0, begin: 0, end: 10}],
  }),
  checkStores: async () => [],
  lag: {read: async () => await Promise.resolve(look())},
  trend: createLagTrend({windowMs: 60_000}),
  openLetters: async () => ({outbox: 0, topics: 0}),
  readModels: async () => [],
  backfills: async () => [],
  space: async () => 'here',
  position: async () => ({offset: 10, space: 'here'}),
  streams: STREAMS,
  ...changes,
})

const gather = (changes: Partial<FactsDeps> = {}): Promise<Gathered> =>
  createFacts(deps(changes), {topicPrefix: 'p-', services: []})()

const refuse = async (): Promise<never> => await Promise.reject(new Error('refused'))

describe('what cannot be had', () => {
  test.each<readonly [keyof Gathered, Partial<FactsDeps>]>([
    ['missingTopics', {admin: refuse}],
    ['capture', {db: database({})}],
    ['deadLetters', {openLetters: refuse}],
    ['readModels', {readModels: refuse}],
    ['backfills', {backfills: refuse}],
    ['contradictions', {space: refuse}],
    ['unfilled', {db: database({})}],
    ['reconciliations', {db: database({})}],
    ['wentBack', {db: database({})}],
  ])('%s is told as not known, and the others are told all the same', async (name, changes) => {
    const facts = await gather(changes)
    expect(facts[name]).toMatchObject({told: false, why: expect.any(String) as string})
    expect(facts.outbox).toEqual({told: true, value: {rows: 0, oldestSeconds: null}})
  })

  test('what does not answer is given up after four seconds', async () => {
    const asked = gather({readModels: () => new Promise(() => {})})
    await vi.advanceTimersByTimeAsync(4000)
    expect((await asked).readModels).toEqual({told: false, why: 'no answer in time'})
  })

  test('a lag or an outbox that cannot be read is not taken for none', async () => {
    const lag = {
      read: async () => await Promise.resolve(look({records: null, outboxUnpublished: null})),
    }
    const facts = await gather({lag})
    expect([facts.lag.told, facts.outbox.told]).toEqual([false, false])
  })
})

test('a topic that nobody folds has no lag: captured without a stream, or of a reference stream', async () => {
  const foreign = {table: 'orders', topic: 'orders'}
  const db = database({...DB, 'cdc.captured_tables': [...DB['cdc.captured_tables'], foreign]})
  const facts = await gather({db})
  expect(facts.lag).toEqual({told: true, value: [{stream: 'engagement', records: 0, stuck: []}]})
  expect(facts.capture).toMatchObject({value: {foreign: [foreign], missing: []}})
})

test('a stream whose table is not attached, and a topic that is not there, are named', async () => {
  const facts = await gather({
    db: database({...DB, 'cdc.captured_tables': [{table: 'content', topic: 'content'}]}),
    admin: async () => ({
      listTopics: async () => [{topic: ENGAGEMENT, partitions: 1}],
      offsets: async () => [],
    }),
  })
  expect(facts.capture).toMatchObject({
    value: {missing: [{stream: 'engagement', table: 'public.engagement_events'}]},
  })
  expect(facts.missingTopics).toEqual({told: true, value: ['p-content']})
})

describe('what is stored against the log', () => {
  test.each([
    ['at its end', {}, {offset: 10, space: 'here'}, undefined],
    ['of a log that nobody read', {committed: -1, end: 3}, null, undefined],
    ['behind what was committed', {committed: 8}, {offset: 5, space: 'here'}, 'keyspace'],
    ['nothing, though something was committed', {committed: 1}, null, 'keyspace'],
    ['of another keyspace', {}, {offset: 10, space: 'there'}, 'keyspace'],
    ['before the log starts', {begin: 7, committed: 5}, {offset: 5, space: 'here'}, 'log'],
    ['after the log ends', {end: 3, committed: -1}, {offset: 5, space: 'here'}, 'log'],
  ] as const)('%s', (_, log, position, of) => {
    expect(contradictionOf(partition(log), position, 'here')?.of).toBe(of)
  })

  test('a position that moved on while it was looked at is no contradiction', async () => {
    let end = 10
    const found = await readContradictions({
      lag: {read: async () => await Promise.resolve(look({partitions: [partition({end})]}))},
      space: async () => 'here',
      async position() {
        end = 20
        return await Promise.resolve({offset: 20, space: 'here'})
      },
    })
    expect(found).toEqual([])
  })
})

describe('a topic that was never filled', () => {
  const ask = (changes: {filled?: boolean; end?: number; oldest?: () => number | null}) => {
    const {filled = true, end = 0, oldest = () => null} = changes
    return createUnfilled(
      deps({
        db: database({'SELECT EXISTS': [{filled}]}),
        lag: {
          read: async () => await Promise.resolve(look({outboxOldestSeconds: oldest()})),
        },
        admin: async () => ({
          listTopics: async () => [],
          offsets: async () => [{partition: 0, begin: 0, end}],
        }),
        streams: [engagement],
      }),
      ({topic}) => topic,
    )
  }

  test('is one without a record, of a table that has rows, when none waits', async () => {
    expect(await ask({})()).toEqual([{stream: 'engagement', topic: 'engagement_events'}])
    expect(await ask({end: 1})(), 'it had one').toEqual([])
    expect(await ask({filled: false})(), 'there are no rows').toEqual([])
  })

  test('is not told while its rows may be on their way, and is when those that wait are newer', async () => {
    let oldest: number | null = 30
    const read = ask({oldest: () => oldest})
    expect(await read()).toEqual([])
    vi.advanceTimersByTime(10_000)
    oldest = 12
    expect(await read(), 'they may be those seen first').toEqual([])
    oldest = 2
    expect(await read()).toHaveLength(1)
  })
})

test('a stream whose generation is not complete, or of another declaration, has no whole numbers', async () => {
  const generation = (stream: string, state: GenerationState): Generation => {
    const layout = layoutOf(STREAMS.find(({name}) => name === stream)!)
    return {stream, keyspace: 'own', space: 'c1', number: 1, state, layout}
  }
  const read = async (...found: readonly Generation[]) => {
    const states = await createReadModels(async () => await Promise.resolve(found), STREAMS)()
    return Object.fromEntries(states.map(({stream, state}) => [stream, state]))
  }
  const complete = STREAMS.map(({name}) => generation(name, 'complete'))
  expect(await read(...complete)).toEqual({content: 'complete', engagement: 'complete'})
  expect(await read(...complete, {...generation('engagement', 'filling'), number: 2})).toEqual({
    content: 'complete',
    engagement: 'complete',
  })
  expect(await read(generation('content', 'incomplete'))).toEqual({
    content: 'incomplete',
    engagement: 'missing',
  })
  expect(await read(generation('content', 'filling'), {...complete[1]!, layout: 'other'})).toEqual({
    content: 'filling',
    engagement: 'outdated',
  })
})

describe('while it starts', () => {
  const away = async (): Promise<Gathered> => {
    const facts = await gather()
    const one = {name: 'processor', url: 'http://x', ready: null, reasons: [], details: null}
    return {...facts, services: [one]}
  }

  test('what is missing is an error only after a minute', async () => {
    const health = createHealthOf(away, {now: Date.now})
    expect((await health.read()).verdict.state).toBe('starting')
    vi.advanceTimersByTime(60_000)
    expect((await health.read()).verdict.state).toBe('unhealthy')
  })

  test('what goes away after it was healthy once is an error at once', async () => {
    let ask: () => Promise<Gathered> = gather
    const health = createHealthOf(() => ask(), {now: Date.now})
    expect((await health.read()).verdict.state).toBe('healthy')
    ask = away
    vi.advanceTimersByTime(1001)
    expect((await health.read()).verdict.state).toBe('unhealthy')
  })

  test('the launcher knows better than the clock', async () => {
    const launcher = {running: true, starting: true, ended: [], flapping: []}
    const health = createHealthOf(away, {now: Date.now, launcher: () => launcher})
    vi.advanceTimersByTime(600_000)
    const {state, findings} = (await health.read()).verdict
    expect([state, new Set(findings.map(({code}) => code))]).toEqual([
      'starting',
      new Set(['starting']),
    ])
  })

  test('many who ask within a second cost one look', async () => {
    let looks = 0
    const health = createHealthOf(
      async () => {
        looks++
        return await gather()
      },
      {now: Date.now},
    )
    await Promise.all([health.read(), health.read()])
    await health.read()
    expect(looks).toBe(1)
  })
})
