/** Reads rows of a captured table again, beside the live stream: asks a relay for it, and shows how far it is. */
import type {Stream} from '../contracts/stream.ts'
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl, readStreamsFolder} from '../platform/connections.ts'
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
import {runCommand, UsageError, type Input} from './command.ts'
import {COMMANDS} from './commands.ts'
import {findStream} from './find-stream.ts'

const LIST = 50
const STEER = {pause: 'paused', resume: 'waiting', cancel: 'cancelled'} as const

type Values = Input<typeof COMMANDS.backfill>['values'] & {
  readonly rowsPerSecond: number | undefined
}

const readId = (option: string, text: string): string => {
  if (/^\d{1,18}$/.test(text)) return text
  throw new UsageError(`--${option} ${text} is no number of a backfill: --list shows them`)
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

await runCommand(COMMANDS.backfill, async ({values, positionals, env}) => {
  const steered = [values.list, values.watch, values.pause, values.resume, values.cancel]
  const isSteered = steered.some(value => value !== undefined)
  if (!isSteered && positionals.length === 0)
    throw new UsageError('the name of a stream is missing')
  if (isSteered && positionals.length > 0) {
    throw new UsageError(`${positionals[0]}: a stream is named for a new backfill only`)
  }
  const rowsPerSecond = readRate(values.rate)
  const read = envReader(env)
  const url = readDatabaseUrl(read)
  const folder = readStreamsFolder(read)
  read.finish()
  const streams = await loadStreams(folder)
  const client = await openClient(url, {applicationName: 'backfill'})
  try {
    return await run(client, streams, positionals[0], {...values, rowsPerSecond})
  } finally {
    await client.end()
  }
})
