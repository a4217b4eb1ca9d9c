/** Writes the Avro schemas as files, for consumers in other languages: `contracts/schemas/*.avsc`. */
import {mkdirSync, writeFileSync} from 'node:fs'
import {STREAMS} from '../contracts/streams.ts'
import {schemaFile, schemaText} from './schema-files.ts'

mkdirSync('contracts/schemas', {recursive: true})
for (const stream of STREAMS) {
  writeFileSync(schemaFile(stream), schemaText(stream))
  process.stdout.write(`${schemaFile(stream)}\n`)
}
