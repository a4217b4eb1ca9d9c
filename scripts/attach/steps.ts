/** What attaching a table for the first time and again have in common. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {join} from 'node:path'
import type {Stream} from '../../contracts/stream.ts'
import type {Env} from '../../platform/config.ts'
import type {Client} from '../../platform/postgres.ts'
import {readStackConfig} from '../../stack/config.ts'
import {readState} from '../../stack/state.ts'
import {askYes} from '../ask.ts'
import {commandLine, type Input} from '../command.ts'
import type {COMMANDS} from '../commands.ts'

export interface Setting {
  readonly env: Env
  /** Of declarations. */
  readonly folder: string
  readonly client: Client
  readonly values: Input<typeof COMMANDS.attach>['values']
}

export const say = (line: string): void => console.log(line)

/** Asks, unless it was said before. */
export async function isWanted({values}: Setting, question: string): Promise<boolean> {
  if (values.yes === true || (await askYes(question))) return true
  say('nothing was done')
  return false
}

/** Runs another command of ours, which reads declarations anew; @throws when it fails */
export async function run(script: string, args: readonly string[], env: Env): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, `../${script}.ts`), ...args], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [status] = (await once(child, 'exit')) as [number | null]
  if (status !== 0) throw new Error(`${commandLine(script, args.join(' '))} ended with ${status}`)
}

/** Where it is to be seen, and how much there is by now. */
export async function tellWhere(
  env: Env,
  {name, topic}: Pick<Stream, 'name' | 'topic'>,
): Promise<void> {
  const url = readState(readStackConfig(env))?.services.api[0]?.url
  if (url === undefined) {
    say(`${commandLine('start')} serves it`)
    return
  }
  const numbers = `${url}/v1/streams/${name}/metrics`
  try {
    const answer = await fetch(numbers, {signal: AbortSignal.timeout(10_000)})
    if (answer.ok) {
      const {metrics} = (await answer.json()) as {readonly metrics: unknown}
      say(JSON.stringify(metrics, null, 2))
    }
  } catch {
    // The addresses are said all the same.
  }
  say(`numbers   ${numbers}`)
  say(`records   ${url}/?topic=${topic}&view=inspector`)
}
