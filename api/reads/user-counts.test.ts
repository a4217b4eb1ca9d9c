import {expect, test} from 'vitest'
import {Entity} from '../../readmodel/entity.ts'
import type {Fields} from '../../readmodel/fields.ts'
import {planStream, type RollupPlan} from '../../readmodel/plan.ts'
import {keyOfTexts} from '../../readmodel/rollup-table.ts'
import type {EntityView, Source, StreamReads} from '../../readmodel/stream-reads.ts'
import {activity} from '../../streams/sample/activity.ts'
import {readDays, readTypes} from './user-counts.ts'

const plan = planStream(activity)
const EVER = {from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER}
const dayOf = (text: string): number => Date.parse(text) / 1000

interface Act {
  readonly type: string
  readonly day: string
}

/** Rows of a rollup as their owner has folded them. */
function viewsOf(rollup: RollupPlan, acts: readonly Act[], source: Source): readonly EntityView[] {
  const entities = new Map<string, Entity>()
  for (const [offset, {type, day}] of acts.entries()) {
    const event: Fields = {
      event_id: offset,
      user_id: 'anna',
      activity_type: type,
      occurred_at: Date.parse(day) * 1000,
      metadata: null,
      page: null,
    }
    const key = keyOfTexts(rollup.keyOf(event))
    const entity = entities.get(key) ?? new Entity(rollup)
    entities.set(key, entity)
    const timeUs = plan.timeOf(event)
    plan.inputs.read(event, {timeUs, id: offset})
    entity.prepare(timeUs)
    for (const missing of entity.missing) entity.setLoaded(missing, null)
    entity.apply(rollup.splitsOf(event), plan.inputs, offset)
  }
  return Array.from(entities, ([key, entity]) => {
    return {key, parts: [{partition: 0, entity, source, isFresh: source === 'redis'}]}
  })
}

/** Nothing is filed yet: of days there is what is in the rows. */
function readsOf(acts: readonly Act[]): StreamReads {
  return {
    plan,
    partitionsOf: () => [0],
    events: {files: {periods: async () => await Promise.resolve([])}},
    rollup: (rollup: RollupPlan) => ({
      async entities() {
        await Promise.resolve()
        return new Map(viewsOf(rollup, acts, 'redis').map(view => [view.key, view]))
      },
      entitiesOf: async () => await Promise.resolve(viewsOf(rollup, acts, 'cassandra')),
      async buckets({parts}: EntityView, level: 'day', {from}: {from: number}) {
        await Promise.resolve()
        const {entity} = parts[0]!
        const pieces = entity.partsOf(level, from).map(bucket => {
          return {bucket, valuesOf: (place: number) => entity.places.valuesOf(place)}
        })
        return [{start: from, pieces}]
      },
    }),
  } as unknown as StreamReads
}

const ACTS: readonly Act[] = [
  {type: 'login', day: '2026-05-01T10:00:00Z'},
  {type: 'login', day: '2026-05-02T10:00:00Z'},
  {type: '(odd)', day: '2026-05-02T11:00:00Z'},
]

test('INV-144: what a user did is one row in Redis, by type and by day, filed or not', async () => {
  const reads = readsOf(ACTS)
  expect(await readTypes(reads, 'anna')).toEqual({
    value: new Map([
      ['login', 2],
      ['(odd)', 1],
    ]),
    source: 'redis',
    isFresh: true,
  })
  expect(await readDays(reads, 'anna', EVER)).toEqual({
    value: new Map([
      [dayOf('2026-05-01'), new Map([['login', 1]])],
      [
        dayOf('2026-05-02'),
        new Map([
          ['login', 1],
          ['(odd)', 1],
        ]),
      ],
    ]),
    source: 'redis',
    isFresh: true,
  })
  const first = {from: EVER.from, to: dayOf('2026-05-02')}
  expect([...(await readDays(reads, 'anna', first)).value.keys()]).toEqual([dayOf('2026-05-01')])
})

test('INV-144: of more types than a row tells apart every one is counted, as it is stored', async () => {
  const acts = Array.from({length: 60}, (_, n) => ({type: `t${n}`, day: '2026-05-01T10:00:00Z'}))
  const counts = new Map(acts.map(({type}) => [type, 1]))
  const reads = readsOf(acts)
  expect(await readTypes(reads, 'anna')).toEqual({value: counts, source: 'cassandra', isScan: true})
  expect(await readDays(reads, 'anna', EVER)).toEqual({
    value: new Map([[dayOf('2026-05-01'), counts]]),
    source: 'cassandra',
    isScan: true,
  })
})

test('of nobody there is nothing', async () => {
  const reads = readsOf([])
  expect(await readTypes(reads, 'anna')).toEqual({value: new Map(), source: 'cassandra'})
  expect(await readDays(reads, 'anna', EVER)).toEqual({value: new Map(), source: 'cassandra'})
})
