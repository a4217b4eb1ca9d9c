import {expect, test} from 'vitest'
import {createEncoder} from '../../platform/avro-codec.ts'
import {createAnyDecoder} from './decode-any.ts'

const SCHEMA = {
  type: 'record',
  name: 'reading',
  fields: [
    {name: 'raw', type: 'bytes'},
    {name: 'value', type: 'double'},
    {name: 'list', type: {type: 'array', items: ['null', 'double']}},
  ],
}

test('what JSON does not have is shown as PostgreSQL prints it', async () => {
  const decoder = createAnyDecoder(async () => await Promise.resolve(SCHEMA))
  const encoder = createEncoder(SCHEMA, 1, 1_000)
  const record = {raw: Buffer.from([0, 255]), value: Number.NaN, list: [null, -Infinity, 1]}
  const {value} = await decoder.decode(encoder.encode(record))
  expect(JSON.parse(JSON.stringify(value))).toEqual({
    raw: '\\x00ff',
    value: 'NaN',
    list: [null, '-Infinity', 1],
  })
})
