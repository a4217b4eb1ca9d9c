import {expect, test} from 'vitest'
import {createDecoder, createEncoder} from '../../platform/avro-codec.ts'
import {planShown} from '../../readmodel/shown.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {loadStreams} from '../../streams/load.ts'
import {orders} from '../../test/order-stream.ts'
import {toRecord} from '../../test/sink-events.ts'
import {enrichedSchema} from './enriched-schema.ts'

const shown = {
  content_type: 'podcast',
  length_seconds: 60,
  engagement_seconds: 30,
  engagement_pct: 0.5,
}

async function readAs(reader: object, writer: object, value: object): Promise<unknown> {
  const bytes = createEncoder(writer, 1, 100_000).encode(value)
  const decoder = createDecoder<unknown>(reader, async () => writer)
  await decoder.prepare(bytes)
  return decoder.decode(bytes)
}

test('an enriched event comes back with what is shown beside it', async () => {
  const schema = enrichedSchema(engagement, planShown(engagement))
  expect(await readAs(schema, schema, {...toRecord(1), ...shown})).toMatchObject({
    ...toRecord(1),
    ...shown,
  })
})

test('a reader of the plain topic can read the enriched one, and the other way round', async () => {
  const schema = enrichedSchema(engagement, planShown(engagement))
  const value = {...toRecord(1), ...shown}
  expect(await readAs(engagement.schema, schema, value)).toMatchObject(toRecord(1))
  expect(await readAs(schema, engagement.schema, toRecord(1))).toMatchObject({
    ...toRecord(1),
    content_type: null,
    engagement_pct: null,
  })
})

test('every stream has one that compiles', async () => {
  for (const stream of [...(await loadStreams('streams')), orders]) {
    const schema = enrichedSchema(stream, planShown(stream))
    expect(() => createEncoder(schema, 1, 1000), stream.name).not.toThrow()
  }
})
