import {expect, test} from 'vitest'
import type {Fields} from '../../readmodel/fields.ts'
import {Entity} from '../../readmodel/entity.ts'
import type {LiveReads} from '../../readmodel/live-reads.ts'
import {createPartReader} from '../../readmodel/parts.ts'
import {planStream} from '../../readmodel/plan.ts'
import {tablesFor} from '../../readmodel/schema.ts'
import {createStreamReads} from '../../readmodel/stream-reads.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {connectTo, FakeCassandra} from '../../test/fakes/cassandra.ts'
import type {ContentTable} from '../content-table.ts'
import {createContentFacts} from '../reads/content-facts.ts'
import type {Stores} from '../reads/stores.ts'
import {planQuery} from './plan.ts'
import {createQuestions} from './read.ts'
import {subjectOf} from './subject.ts'

const ID = '11111111-1111-1111-1111-111111111111'
const plan = planStream(engagement)
const rollup = plan.rollups.find(({by}) => by[0] === 'content_id')!

/** A content as its owner has folded it. */
function contentOf(times: readonly string[]): Entity {
  const entity = new Entity(rollup)
  for (const [offset, time] of times.entries()) {
    const event: Fields = {
      event_id: offset,
      content_id: ID,
      user_id: null,
      event_type: 'play',
      event_ts: Date.parse(time) * 1000,
      duration_ms: 1000,
      device: 'tv',
      raw_payload: null,
    }
    const timeUs = plan.timeOf(event)
    plan.inputs.read(event, {timeUs, id: plan.idOf(event)})
    entity.prepare(timeUs)
    for (const missing of entity.missing) entity.setLoaded(missing, null)
    entity.apply(rollup.splitsOf(event), plan.inputs, offset)
  }
  return entity
}

/** Of all time by day. Nothing is stored yet; Redis says of the content what is given. */
async function ask(found: Entity | undefined) {
  const server = new FakeCassandra()
  server.create(tablesFor([engagement]).map(({statement}) => statement))
  const cassandra = connectTo(server)
  const live = {entities: async () => [found]} as unknown as LiveReads
  const parts = createPartReader(cassandra)
  const reads = createStreamReads(plan, {cassandra, live, parts, partitions: 1})
  const stores = {
    plan: () => plan,
    reads: async () => reads,
    isLive: () => true,
    standing: () => [],
    ageMs: () => 0,
    metrics: {reads: {inc: () => undefined}},
  } as unknown as Stores
  const contents = {
    facts: async () => new Map([[ID, {content_type: 'video', length_seconds: 60}]]),
  } as unknown as ContentTable
  const question = planQuery(
    {
      metrics: ['events'],
      dimensions: ['time:day'],
      date_range: 'all',
      filters: [['is', 'content', [ID]]],
    },
    subjectOf(plan, createContentFacts(contents, {})),
    Date.parse('2026-05-03T00:00:00Z'),
  )
  const {value, meta} = await createQuestions({stores})(question)
  return {days: value.rows.map(row => [row.dimensions[0], row.metrics[0]]), source: meta.source}
}

test('all time begins with the first event that Redis knows, stored or not', async () => {
  expect(await ask(contentOf(['2026-05-01T10:00:00Z', '2026-04-20T10:00:00Z']))).toEqual({
    days: [
      ['2026-04-20', 1],
      ['2026-05-01', 1],
    ],
    source: 'redis',
  })
})

test('that there is nothing of a content is what Cassandra says', async () => {
  expect(await ask(undefined)).toEqual({days: [], source: 'cassandra'})
})
