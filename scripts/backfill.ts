/** Reads rows of a captured table again, beside the live stream: asks a relay for it, and shows how far it is. */
import {parseArgs} from 'node:util'
import type {Stream} from '../contracts/stream.ts'
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl, readStreamsFolder} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {loadStreams} from '../streams/load.ts'
import {
  conditionOf,
  listBackfills,
  progressText,
  readBackfill,
  readRate,
  requestBackfill,
  watchBackfill,
} from './backfill/requests.ts'

const USAGE = `usage: npm run backfill -- STREAM           every row of its table, again
         --from-id ID --to-id ID              rows with these ids, both included
         --from TIME --to TIME                rows of that time, the end excluded
         --where "SQL"                        rows that meet a condition
         --rate N                             rows a second at most (default 3000)
         --no-wait                            does not show how far it is
       npm run backfill -- --list             those there were, newest first
       npm run backfill -- --watch ID         shows how far one is
       npm run backfill -- --pause ID | --resume ID | --cancel ID

A running relay does it, with every change of the live stream in its place between. Numbers do not change by it
where they are right: a row that is counted as it is stays as it is. The same by SQL: INSERT INTO cdc.backfills.`

const LIST = 50
const STEER = {pause: 'paused', resume: 'waiting', cancel: 'cancelled'} as const

function readArguments() {
  const text = {type: 'string'} as const
  const flag = {type: 'boolean'} as const
  const {values, positionals} = parseArgs({
    allowPositionals: true,
    options: {
      'from-id': text,
      'to-id': text,
      from: text,
      to: text,
      where: text,
      rate: text,
      'no-wait': flag,
      list: flag,
      watch: text,
      pause: text,
      resume: text,
      cancel: text,
      help: flag,
    },
  })
  return {values: {...values, rowsPerSecond: readRate(values.rate)}, positionals}
}
type Values = ReturnType<typeof readArguments>['values']

const readId = (option: string, text: string): string => {
  if (/^\d{1,18}$/.test(text)) return text
  throw new TypeError(`--${option} ${text} is no number of a backfill: --list shows them`)
}

function findStream(streams: readonly Stream[], name: string): Stream {
  const found = streams.find(stream => stream.name === name)
  if (found !== undefined) return found
  throw new TypeError(
    `there is no stream ${name}; there are ${streams.map(one => one.name).join(', ')}`,
  )
}

const say = (line: string): void => console.log(line)

async function watch(client: Client, id: string): Promise<number> {
  return (await watchBackfill(client, id, say)).state === 'done' ? 0 : 1
}

async function run(
  client: Client,
  streams: readonly Stream[],
  name: string | undefined,
  values: Values,
) {
  if (values.list === true) {
    const found = await listBackfills(client, LIST)
    say(found.length === 0 ? 'there was none' : found.map(progressText).join('\n'))
    return 0
  }
  for (const option of ['pause', 'resume', 'cancel'] as const) {
    const id = values[option]
    if (id === undefined) continue
    await client.query('SELECT cdc.steer_backfill($1, $2)', [readId(option, id), STEER[option]])
    say(progressText(await readBackfill(client, id)))
    return 0
  }
  if (values.watch !== undefined) return await watch(client, readId('watch', values.watch))
  const stream = findStream(streams, name!)
  const id = await requestBackfill(client, {
    topic: stream.topic,
    condition: conditionOf(stream, values),
    rowsPerSecond: values.rowsPerSecond,
  })
  say(`backfill ${id} is asked for; it goes on without this command`)
  return values['no-wait'] === true ? 0 : await watch(client, id)
}

async function main(): Promise<number> {
  const {values, positionals} = readArguments()
  if (values.help === true) {
    say(USAGE)
    return 0
  }
  const isAbout = [values.list, values.watch, values.pause, values.resume, values.cancel]
  const wanted = isAbout.some(value => value !== undefined) ? 0 : 1
  if (positionals.length !== wanted) {
    console.error(USAGE)
    return 2
  }
  const read = envReader(process.env)
  const url = readDatabaseUrl(read)
  const folder = readStreamsFolder(read)
  read.finish()
  const streams = await loadStreams(folder)
  const client = await openClient(url, {applicationName: 'backfill'})
  try {
    return await run(client, streams, positionals[0], values)
  } finally {
    await client.end()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(messageOf(error))
  const isBadInput =
    error instanceof TypeError || String((error as {code?: unknown}).code) === '22023'
  process.exitCode = isBadInput ? 2 : 1
}
