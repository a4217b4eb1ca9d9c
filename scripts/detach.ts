/** The way back of npm run attach: ends the capture of a stream's table, and takes its declaration out. */
import {renameSync, rmSync} from 'node:fs'
import {deadLetterTopic, topicName, valueSubject} from '../contracts/topics.ts'
import {envReader} from '../platform/config.ts'
import {
  readCassandraConnection,
  readDatabaseUrl,
  readKafkaConnection,
  readStreamsFolder,
} from '../platform/connections.ts'
import {openClient} from '../platform/postgres.ts'
import {quoteTable} from '../platform/sql-names.ts'
import {readStackConfig} from '../stack/config.ts'
import {fileOf, loadStreams} from '../streams/load.ts'
import {askYes} from './ask.ts'
import {restartServices} from './attach/restart.ts'
import {runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'
import {findStream} from './find-stream.ts'
import {initPipeline} from './init.ts'
import {schemaFile} from './schema-files.ts'

const say = (line: string): void => console.log(line)

await runCommand(COMMANDS.detach, async ({values, positionals: [name = ''], env}) => {
  const read = envReader(env)
  const url = readDatabaseUrl(read)
  const folder = readStreamsFolder(read)
  const {topicPrefix} = readKafkaConnection(read)
  const {keyspace} = readCassandraConnection(read)
  read.finish()
  const streams = await loadStreams(folder)
  const stream = findStream(streams, name)
  if (streams.length === 1)
    throw new UsageError(`${name} is the only stream: nothing would be left`)
  const showing = streams.find(({shows}) => shows.some(one => one.stream.name === name))
  if (showing !== undefined) {
    throw new UsageError(
      `stream ${showing.name} shows columns of ${name}: take them out of its file first`,
    )
  }
  const {file, others} = await fileOf(folder, name)
  if (others.length > 0) {
    throw new UsageError(`${file} declares ${others.join(', ')} as well: take ${name} out by hand`)
  }
  const kept = `${file}.detached`
  say(`${stream.table} is captured no more, and ${file} becomes ${kept}.`)
  const topic = topicName(topicPrefix, stream.topic)
  const letters = topicName(topicPrefix, deadLetterTopic(stream.topic))
  say(
    `Kept are: the table, topics ${topic} and ${letters}, subject ${valueSubject(topic)}, and its tables in ${keyspace} (${stream.rawTable} and others).`,
  )
  if (values.yes !== true && !(await askYes('do it?'))) {
    say('nothing was done')
    return 1
  }
  const client = await openClient(url, {applicationName: 'detach'})
  try {
    // What was captured is still published: by relays that know the topic until they are started again.
    await client.query(
      'SELECT cdc.detach(source) FROM cdc.captured_tables WHERE source = to_regclass($1)',
      [quoteTable(stream.table)],
    )
  } finally {
    await client.end()
  }
  renameSync(file, kept)
  rmSync(schemaFile(stream), {force: true})
  await initPipeline(env, say)
  await restartServices(readStackConfig(env), say)
  say(
    `stream ${name} is gone; attached again, its numbers are built anew: npm run rebuild -- ${name}`,
  )
  return 0
})
