import avsc from 'avsc'
import {expect, test} from 'vitest'
import {STREAMS, streamOfTopic} from './streams.ts'

test.each(STREAMS)(
  'the schema of $name is valid Avro with the columns first and before last',
  stream => {
    const type = avsc.Type.forSchema(stream.schema as unknown as avsc.Schema)
    expect(type.typeName).toBe('record')
    const names = stream.schema.fields.map(field => field.name)
    expect(names.slice(0, stream.columns.length)).toEqual(stream.columns.map(c => c.field))
    expect(names.slice(stream.columns.length)).toEqual([
      'op',
      'outbox_id',
      'created_at',
      'lanes',
      'lane',
      'epoch',
      'redelivered',
      'before',
    ])
  },
)

test.each(STREAMS)('every stream names key and id among its columns: $name', stream => {
  const columns = stream.columns.map(c => c.column)
  expect(columns).toContain(stream.keyColumn)
  expect(columns).toContain(stream.idColumn)
})

test('a stream is found by its topic', () => {
  expect(streamOfTopic('user_activity')?.name).toBe('activity')
  expect(streamOfTopic('nothing')).toBeUndefined()
})
