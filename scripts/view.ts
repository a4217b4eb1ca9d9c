/** What a person at the terminal sees: how to reach each part, then how it flows. */
import {closeSync, openSync, readSync, fstatSync} from 'node:fs'
import {readApiConfig} from '../api/config.ts'
import type {Stream} from '../contracts/stream.ts'
import {redactUrl, type Env} from '../platform/config.ts'
import {addressOf, SERVICES, type StackConfig} from '../stack/config.ts'
import {logFile} from '../stack/stack.ts'
import type {Look} from './pipeline-status.ts'

const LOG_TAIL_BYTES = 16_384
const ERROR_LEVEL = 50

/**
 * One line for each part, ready to be pasted.
 *
 * @param keyspaces that answers come from: a rebuild moves them to another one
 */
export function connectionLines(
  config: StackConfig,
  {withApi, streams}: {readonly withApi: boolean; readonly streams: readonly Stream[]},
  [keyspace, ...others]: readonly string[],
): readonly string[] {
  const {connections, ports} = config
  const cassandra = addressOf('cassandra', connections.CASSANDRA_CONTACT_POINTS)
  const registry = connections.SCHEMA_REGISTRY_URL
  const api = `http://127.0.0.1:${ports.api.port}`
  const counted = streams.find(({isReference}) => !isReference) ?? streams[0]
  const services = [
    ['pages', `${api}/`],
    ['API', `${api}/v1/streams`],
    ['OpenAPI', `${api}/docs`],
  ] as const
  const servers = [
    ['PostgreSQL', `psql ${redactForeign(connections.DATABASE_URL)}  # or npm run sql -- -c "…"`],
    [
      'Kafka',
      `kcat -b ${connections.KAFKA_BROKERS} -t ${counted?.topic} -C -s value=avro -r ${registry}`,
    ],
    ['registry', `curl ${registry}/subjects`],
    [
      'Cassandra',
      `cqlsh ${cassandra?.host} ${cassandra?.port} -k ${keyspace}${others.map(other => `  # and ${other}`).join('')}`,
    ],
    ['Redis', `redis-cli -u ${redactForeign(connections.REDIS_URL)}`],
  ] as const
  return [...(withApi ? services : []), ...servers].map(
    ([name, how]) => `  ${name.padEnd(11)} ${how}`,
  )
}

/** How to get in where the API asks for keys. */
export const keyLines = (env: Env): readonly string[] =>
  readApiConfig(env).config.access === 'open'
    ? []
    : ['  keys        every request needs one: npm run api-keys -- create me --scopes read,write']

/** The password of our own local database is no secret; one of somebody else's is. */
const redactForeign = (url: string): string =>
  url.includes('postgres:postgres@127.0.0.1') ? url : redactUrl(url)

/** The latest line at error level in the logs of the services, or undefined. */
export function lastError(config: StackConfig): string | undefined {
  const found = SERVICES.flatMap(name => errorsIn(name, logFile(config, name)))
  return found.toSorted((a, b) => a.time.localeCompare(b.time)).at(-1)?.text
}

interface LoggedError {
  readonly time: string
  readonly text: string
}

function errorsIn(name: string, path: string): readonly LoggedError[] {
  return tail(path).flatMap(line => {
    try {
      const {level, time, msg} = JSON.parse(line) as {level: number; time: string; msg?: string}
      if (level < ERROR_LEVEL) return []
      return [{time, text: `${name} ${time.slice(11, 19)}: ${msg ?? ''}`}]
    } catch {
      return []
    }
  })
}

function tail(path: string): readonly string[] {
  try {
    const file = openSync(path, 'r')
    try {
      const {size} = fstatSync(file)
      const length = Math.min(size, LOG_TAIL_BYTES)
      const buffer = Buffer.alloc(length)
      readSync(file, buffer, 0, length, size - length)
      return buffer.toString('utf8').split('\n')
    } finally {
      closeSync(file)
    }
  } catch {
    return []
  }
}

/** Sum of a counter over its labels in the text of `/metrics`. */
export function sumOf(metrics: string, name: string): number {
  let sum = 0
  for (const line of metrics.split('\n')) {
    if (line.startsWith(name) && /^[{ ]/.test(line.slice(name.length))) {
      sum += Number(line.slice(line.lastIndexOf(' ') + 1))
    }
  }
  return sum
}

/** Records taken by all processors so far; null when none of them answers. */
export async function recordsProcessed({status}: Look): Promise<number | null> {
  const texts = await Promise.all(
    status.services.processor.map(async ({url}) => {
      try {
        const response = await fetch(`${url}/metrics`, {signal: AbortSignal.timeout(2000)})
        return response.ok ? await response.text() : null
      } catch {
        return null
      }
    }),
  )
  const found = texts.filter(text => text !== null)
  if (found.length === 0) return null
  return found.reduce((sum, text) => sum + sumOf(text, 'processor_records_total'), 0)
}

/** What is wrong, what to do about it, and where more is said. */
export const findingLines = ({verdict, problems}: Look): readonly string[] =>
  verdict.findings.flatMap(({code, severity, todo, runbook}, i) => [
    `  ${severity} ${code}: ${problems[i]}`,
    `    ${todo} (${runbook})`,
  ])

/** The refreshing line. */
export function statusLine(
  {status, verdict, problems}: Look,
  rate: number | null,
  error: string | undefined,
): string {
  const show = (value: number | null): string => (value === null ? '?' : String(Math.round(value)))
  return [
    verdict.state === 'healthy'
      ? 'healthy'
      : `${verdict.state === 'starting' ? 'starting' : 'UNHEALTHY'} (${problems.join(' ').replaceAll(/\s+/g, ' ').slice(0, 160)})`,
    `outbox ${show(status.outboxUnpublished)} unpublished`,
    `${show(rate)} records/s`,
    `lag ${show(status.lagRecords)}`,
    `last error: ${error ?? 'none'}`,
  ].join(' | ')
}
