/** Reads settings from the environment: typed, bounded, every problem reported at once. */
import {readFileSync} from 'node:fs'
import {PipelineError} from './errors.ts'

export type Env = Readonly<Record<string, string | undefined>>

export interface Setting {
  readonly name: string
  /** The default as text, or null when the variable must be set. */
  readonly fallback: string | null
  /** What is accepted, for people. */
  readonly expects: string
}

interface Bounds {
  readonly min: number
  readonly max: number
}

export interface EnvReader {
  text(name: string, fallback: string, pattern?: RegExp): string
  /** From the variable, or from the file that `NAME_FILE` names. */
  secret(name: string): string | undefined
  url(name: string, fallback: string, protocols: readonly string[]): string
  int(name: string, fallback: number, bounds: Bounds): number
  choice<const T extends string>(name: string, fallback: T, choices: readonly T[]): T
  flag(name: string, fallback: boolean): boolean
  /** Comma-separated `host:port`. */
  hosts(name: string, fallback: string): readonly string[]
  /** Adds a problem that concerns several settings. */
  problem(name: string, why: string): void
  /** Every setting that was asked for, for the reference in the documents. */
  settings(): readonly Setting[]
  /** Throws one `CONFIG_INVALID` that lists every problem. */
  finish(): void
}

const HOST = /^[\w.-]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i

/** @param env usually `process.env`; an empty value counts as not set */
export function envReader(env: Env): EnvReader {
  const problems: string[] = []
  const settings: Setting[] = []
  const note = (name: string, fallback: string | null, expects: string): string | undefined => {
    settings.push({name, fallback, expects})
    const raw = env[name]
    return raw === undefined || raw === '' ? undefined : raw
  }
  const fail = (name: string, raw: string, expects: string): void => {
    problems.push(`${name}=${JSON.stringify(raw)}: expected ${expects}`)
  }

  return {
    text(name, fallback, pattern) {
      const expects = pattern === undefined ? 'text' : `text matching ${pattern.source}`
      const raw = note(name, fallback, expects) ?? fallback
      if (pattern !== undefined && !pattern.test(raw)) fail(name, raw, expects)
      return raw
    },
    secret(name) {
      const raw = note(name, '', 'a secret')
      const path = env[`${name}_FILE`]
      if (path === undefined || path === '') return raw
      try {
        return readFileSync(path, 'utf8').trim()
      } catch (error) {
        const why = (error as NodeJS.ErrnoException).code ?? 'it cannot be read'
        fail(`${name}_FILE`, path, `a file with the secret (${why})`)
        return raw
      }
    },
    url(name, fallback, protocols) {
      const expects = `a URL starting with ${protocols.map(p => `${p}//`).join(' or ')}`
      const raw = note(name, fallback, expects) ?? fallback
      if (!URL.canParse(raw) || !protocols.includes(new URL(raw).protocol)) {
        fail(name, redactUrl(raw), expects)
      }
      return raw
    },
    int(name, fallback, {min, max}) {
      const expects = `an integer from ${min} to ${max}`
      const raw = note(name, String(fallback), expects) ?? String(fallback)
      const value = Number(raw)
      if (!Number.isInteger(value) || value < min || value > max) fail(name, raw, expects)
      return value
    },
    choice(name, fallback, choices) {
      const expects = `one of ${choices.join(', ')}`
      const raw = note(name, fallback, expects) ?? fallback
      const value = choices.find(choice => choice === raw)
      if (value === undefined) fail(name, raw, expects)
      return value ?? fallback
    },
    flag(name, fallback) {
      const raw = note(name, String(fallback), 'true or false') ?? String(fallback)
      if (raw !== 'true' && raw !== 'false') fail(name, raw, 'true or false')
      return raw === 'true'
    },
    hosts(name, fallback) {
      const expects = 'host:port, several with commas'
      const raw = note(name, fallback, expects) ?? fallback
      const hosts = raw.split(',').map(host => host.trim())
      if (!hosts.every(host => HOST.test(host))) fail(name, raw, expects)
      return hosts
    },
    problem: (name, why) => void problems.push(`${name}: ${why}`),
    settings: () => settings,
    finish() {
      if (problems.length === 0) return
      throw new PipelineError(
        'CONFIG_INVALID',
        `invalid configuration, correct these variables:\n  ${problems.join('\n  ')}`,
        {disposition: 'stop'},
      )
    },
  }
}

/** A URL without its password, for logs and messages. */
export function redactUrl(raw: string): string {
  if (!URL.canParse(raw)) return raw.replace(/:[^:@/]*@/, ':***@')
  const url = new URL(raw)
  if (url.password !== '') url.password = '***'
  return url.toString()
}

/** Names with commas between them. */
export const readList = (read: EnvReader, name: string): readonly string[] =>
  read
    .text(name, '')
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
