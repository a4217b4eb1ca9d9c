/** Writes the Avro schemas as files, for consumers in other languages: `contracts/schemas/*.avsc`. */
import {mkdirSync, writeFileSync} from 'node:fs'
import {envReader} from '../platform/config.ts'
import {readStreamsFolder} from '../platform/connections.ts'
import {loadStreams} from '../streams/load.ts'
import {schemaFile, schemaText} from './schema-files.ts'

mkdirSync('contracts/schemas', {recursive: true})
for (const stream of await loadStreams(readStreamsFolder(envReader(process.env)))) {
  writeFileSync(schemaFile(stream), schemaText(stream))
  process.stdout.write(`${schemaFile(stream)}\n`)
}
