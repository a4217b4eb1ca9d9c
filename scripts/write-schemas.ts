/** Writes the Avro schemas as files, for consumers in other languages: `contracts/schemas/*.avsc`. */
import {globSync, mkdirSync, rmSync, writeFileSync} from 'node:fs'
import {envReader} from '../platform/config.ts'
import {readStreamsFolder} from '../platform/connections.ts'
import {loadStreams} from '../streams/load.ts'
import {schemaFile, schemaText} from './schema-files.ts'

mkdirSync('contracts/schemas', {recursive: true})
const streams = await loadStreams(readStreamsFolder(envReader(process.env)))
const files = new Set(streams.map(schemaFile))
for (const file of globSync('contracts/schemas/*.avsc')) if (!files.has(file)) rmSync(file)
for (const stream of streams) {
  writeFileSync(schemaFile(stream), schemaText(stream))
  process.stdout.write(`${schemaFile(stream)}\n`)
}
