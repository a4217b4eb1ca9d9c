/**
 * What every command has in common: its options and help stand in one table (`commands.ts`), help does nothing
 * else, bad input is named and ends with status 2, and nobody sees a stack trace for a mistake of his own.
 */
import {existsSync} from 'node:fs'
import {parseArgs} from 'node:util'
import type {Env} from '../platform/config.ts'
import {readEnvironment} from '../platform/environment.ts'
import {messageOf} from '../platform/errors.ts'
import {assertOwnDatabase} from './own-database.ts'

export interface Option {
  readonly type: 'boolean' | 'string'
  readonly short?: string
  readonly multiple?: boolean
  /** How its value is called in the help. */
  readonly value?: string
  /** What it does; none: it is not for people. */
  readonly about?: string
}

export interface Command {
  /** As in `npm run NAME`. */
  readonly name: string
  readonly summary: string
  /** Each way of calling it: what follows the name, and what that does. */
  readonly forms: readonly (readonly [arguments_: string, about: string])[]
  readonly options: Readonly<Record<string, Option>>
  /** How many arguments besides options it takes. */
  readonly positionals?: {readonly min: number; readonly max: number}
  /** What one would type, and why. */
  readonly examples: readonly (readonly [line: string, about: string])[]
  readonly notes?: string
  /** It speaks to the database that the settings name. */
  readonly usesDatabase?: boolean
}

/** Input that cannot be taken: names it, its value, and what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const HELP = {type: 'boolean', about: 'this text'} as const

type Parsed<C extends Command> = ReturnType<
  typeof parseArgs<{readonly options: C['options']; readonly allowPositionals: true}>
>

export interface Input<C extends Command> {
  readonly values: Parsed<C>['values']
  readonly positionals: readonly string[]
  /** All settings, wherever they came from. */
  readonly env: Env
}

/** A container has no npm, and not what npm's scripts are started by. */
export const HAS_NPM = existsSync(new URL('launch.mjs', import.meta.url))

/** How a person calls it. */
export function commandLine(name: string, args = ''): string {
  const script = ['start', 'stop', 'test'].includes(name) ? `npm ${name}` : `npm run ${name}`
  const line = HAS_NPM ? script : `node scripts/${name}.ts`
  if (args === '') return line
  return HAS_NPM ? `${line} -- ${args}` : `${line} ${args}`
}

const columns = (rows: readonly (readonly [string, string])[]): readonly string[] => {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd())
}

const optionText = ([name, {short, value}]: readonly [string, Option]): string =>
  `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`

/** An example as it is typed here. */
const asCalledHere = (line: string): string =>
  HAS_NPM ? line : line.replace(/npm run ([\w:-]+)(?: --)?/, 'node scripts/$1.ts')

/** The help of a command, for people. */
export function helpOf(command: Command): string {
  const options = Object.entries<Option>({...command.options, help: HELP}).flatMap(one => {
    const {about} = one[1]
    return about === undefined ? [] : [[optionText(one), about] as const]
  })
  return [
    command.summary,
    '',
    'usage:',
    ...columns(command.forms.map(([args, about]) => [commandLine(command.name, args), about])),
    '',
    'options:',
    ...columns(options),
    '',
    'examples:',
    ...columns(command.examples.map(([line, about]) => [asCalledHere(line), about])),
    ...(command.notes === undefined ? [] : ['', command.notes]),
  ].join('\n')
}

/**
 * The arguments of a command, or `help`.
 *
 * @throws UsageError that names what cannot be taken
 */
export function parseInput<const C extends Command>(
  command: C,
  args: readonly string[],
): Parsed<C> | 'help' {
  // Whatever else is wrong: who asks for help gets it, and nothing happens.
  const end = args.indexOf('--')
  if (args.slice(0, end < 0 ? undefined : end).some(arg => arg === '--help' || arg === '-h')) {
    return 'help'
  }
  let parsed: Parsed<C>
  try {
    // What it is for these options: the compiler does not see through the type parameter.
    parsed = parseArgs({
      args: [...args],
      options: command.options,
      allowPositionals: true,
    }) as Parsed<C>
  } catch (error) {
    throw new UsageError(messageOf(error).split(/\. To specify|\. Did you/, 1)[0])
  }
  const {min, max} = command.positionals ?? {min: 0, max: 0}
  const given = parsed.positionals
  if (given.length > max) throw new UsageError(`${given[max]}: an argument too many`)
  if (given.length < min) throw new UsageError('an argument is missing')
  return parsed
}

/**
 * Whole numbers among the options.
 *
 * @throws UsageError with all that are none, or out of bounds
 */
export function wholeNumbers<K extends string>(
  values: Readonly<Record<string, boolean | string | undefined>>,
  bounds: Readonly<Record<K, {readonly min: number; readonly max: number; readonly usual: number}>>,
): Readonly<Record<K, number>> {
  const problems: string[] = []
  const numbers = Object.entries<{min: number; max: number; usual: number}>(bounds).map(
    ([name, {min, max, usual}]) => {
      const text = String(values[name] ?? usual)
      const number = Number(text)
      if (!/^\d{1,15}$/.test(text) || number < min || number > max) {
        problems.push(`--${name} ${text}: give a whole number from ${min} to ${max}`)
      }
      return [name, number]
    },
  )
  if (problems.length > 0) throw new UsageError(problems.join('\n'))
  return Object.fromEntries(numbers) as Record<K, number>
}

/** Who reads no more (`| head`) has what he wanted; he is not told everything, though. */
function endQuietlyWithReader(status: number): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit(status)
    })
  }
}

/** What a person reads of an error, with the hint that PostgreSQL gives. */
function textOf(error: unknown): string {
  // Of a server that is known by several addresses each has failed.
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ')
  }
  const {hint} = error as {readonly hint?: unknown}
  return [messageOf(error), hint].filter(part => typeof part === 'string').join('\n')
}

/** Bad input of whoever calls: of the command line, of a setting, or of a value that PostgreSQL refuses as such. */
function isBadInput(error: unknown): boolean {
  const {code} = error as {readonly code?: unknown}
  return error instanceof UsageError || code === 'CONFIG_INVALID' || code === '22023'
}

/**
 * Runs a command: status 0, or what `main` returns; 1 when it fails, 2 for bad input.
 *
 * @param failed status of a failure, where 1 says something else
 */
export async function runCommand<const C extends Command>(
  command: C,
  main: (input: Input<C>) => Promise<number | void>,
  {failed = 1, withStack = true}: {readonly failed?: number; readonly withStack?: boolean} = {},
): Promise<void> {
  endQuietlyWithReader(failed === 1 ? 0 : failed)
  try {
    const parsed = parseInput(command, process.argv.slice(2))
    if (parsed === 'help') {
      console.log(helpOf(command))
      return
    }
    const env = readEnvironment(process.env, {withStack})
    if (command.usesDatabase === true) await assertOwnDatabase(env)
    const {values, positionals} = parsed
    process.exitCode = (await main({values, positionals, env})) ?? process.exitCode ?? 0
  } catch (error) {
    console.error(textOf(error))
    if (error instanceof UsageError) console.error(`see: ${commandLine(command.name, '--help')}`)
    process.exitCode = isBadInput(error) ? 2 : failed
  }
}
