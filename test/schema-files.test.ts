import {globSync, readFileSync} from 'node:fs'
import avsc from 'avsc'
import {expect, test} from 'vitest'
import {schemaFile, schemaText} from '../scripts/schema-files.ts'
import {loadStreams} from '../streams/load.ts'

const streams = await loadStreams('streams')

test.each(streams)('the schema file of $name is what the columns say', stream => {
  // When this fails: npm run generate
  expect(readFileSync(schemaFile(stream), 'utf8')).toBe(schemaText(stream))
})

test('there is no schema file without a stream, and each one is a schema', () => {
  const files = globSync('contracts/schemas/*').toSorted()
  expect(files).toEqual(streams.map(schemaFile).toSorted())
  for (const file of files) {
    const type = avsc.Type.forSchema(JSON.parse(readFileSync(file, 'utf8')) as avsc.Schema)
    expect(type.typeName).toBe('record')
  }
})
