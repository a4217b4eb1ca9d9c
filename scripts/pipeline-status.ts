/**
 * Looks at everything once: what runs here, what waits, and the verdict. The API gives it while it answers,
 * since it remembers how the lag was a minute ago; otherwise it is made here, by the same code.
 */
import type {LauncherFacts} from '../api/pipeline/facts.ts'
import {conclude, type Finding, type Verdict} from '../api/pipeline/findings.ts'
import {readService} from '../api/pipeline/services.ts'
import {judgeLauncher, judgeService} from '../api/pipeline/verdict.ts'
import {envReader, type Env} from '../platform/config.ts'
import {
  byService,
  SERVICES,
  type ServerName,
  type ServiceName,
  type StackConfig,
} from '../stack/config.ts'
import {readState, type StackState} from '../stack/state.ts'
import {openOwnHealth, type OwnHealth} from './own-health.ts'

const LOOK_TIMEOUT_MS = 4000

interface Placed {
  readonly pid: number | null
}

/** The shape that `npm run status -- --json` prints. */
export interface PipelineStatus {
  readonly healthy: boolean
  readonly servers: {
    readonly postgres: Placed & {readonly url: string}
    readonly kafka: Placed & {readonly brokers: string}
    readonly registry: Placed & {readonly url: string}
    readonly cassandra: Placed & {
      readonly contactPoints: string
      readonly localDataCenter: string
      /** That most streams are answered from. */
      readonly keyspace: string
      /** All that streams are answered from. */
      readonly keyspaces: readonly string[]
    }
    readonly redis: Placed & {readonly url: string}
  }
  readonly services: Readonly<Record<ServiceName, readonly (Placed & {readonly url: string})[]>>
  readonly outboxUnpublished: number | null
  readonly lagRecords: number | null
}

export interface Look {
  readonly status: PipelineStatus
  readonly verdict: Verdict
  /** What is wrong, a line each, for people. */
  readonly problems: readonly string[]
}

export interface StatusReader {
  /** That streams are answered from, the one of most first. */
  keyspaces(): Promise<readonly string[]>
  look(): Promise<Look>
  close(): Promise<void>
}

/** @param env the environment in which the services were started */
export function openStatusReader(config: StackConfig, env: Env): StatusReader {
  const full = {...env, ...config.connections}
  const base = envReader(full).text('CASSANDRA_KEYSPACE', 'content_analytics')
  let own: Promise<OwnHealth> | undefined
  const openOwn = (state: StackState | undefined): Promise<OwnHealth> =>
    (own ??= openOwnHealth(full, {
      services: SERVICES.flatMap(name => urlsOf(state, name).map(url => ({name, url}))),
      launcher: () => launcherFacts(readState(config)),
    }))

  const keyspaces = async (): Promise<readonly string[]> => {
    const opened = await openOwn(readState(config))
    return (await within(opened.keyspaces())) ?? [base]
  }

  return {
    keyspaces,
    async look() {
      const state = readState(config)
      const opened = await openOwn(state)
      const judge = async (): Promise<Verdict> => {
        const told = await askApis(urlsOf(state, 'api'))
        if (told === undefined) return (await opened.health().read()).verdict
        return conclude([...judgeLauncher(launcherFacts(state)), ...told])
      }
      const [waiting, verdict, served] = await Promise.all([
        within(opened.lag.read()),
        judge(),
        keyspaces(),
      ])
      const status = {
        ...describe(config, state, served),
        outboxUnpublished: waiting?.outboxUnpublished ?? null,
        lagRecords: waiting?.records ?? null,
        healthy: verdict.healthy,
      }
      return {status, verdict, problems: verdict.findings.map(toLine)}
    },
    async close() {
      await (await own)?.close()
    },
  }
}

/** A finding in one line, with all that is known of it. */
const toLine = ({what, detail}: Finding): string => (detail === null ? what : `${what} ${detail}`)

const urlsOf = (state: StackState | undefined, name: ServiceName): readonly string[] =>
  state?.services[name].map(({url}) => url) ?? []

/** What the first API that answers has found, and what is wrong with the others; undefined when none does. */
async function askApis(urls: readonly string[]): Promise<readonly Finding[] | undefined> {
  for (const url of urls) {
    const verdict = await askVerdict(url)
    if (verdict === undefined) continue
    const others = urls.filter(other => other !== url)
    const states = await Promise.all(others.map(async other => await readService('api', other)))
    return [...verdict.findings, ...states.flatMap(judgeService)]
  }
  return undefined
}

/** In full where no key is needed, else what everybody may know. */
async function askVerdict(url: string): Promise<Verdict | undefined> {
  for (const path of ['/v1/platform/health', '/health']) {
    try {
      const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS)
      const body = (await (await fetch(`${url}${path}`, {signal})).json()) as Partial<Verdict>
      if (Array.isArray(body.findings)) return body as Verdict
    } catch {
      return undefined
    }
  }
  return undefined
}

function launcherFacts(state: StackState | undefined): LauncherFacts {
  if (state === undefined) return {running: false, starting: false, ended: [], flapping: []}
  return {
    running: true,
    starting: state.phase !== 'ready',
    ended: Object.entries(state.ended).map(([name, why]) => ({name, why})),
    flapping: SERVICES.flatMap(name =>
      state.services[name].filter(({flapping}) => flapping).map(({restarts}) => ({name, restarts})),
    ),
  }
}

/** Undefined when it fails or takes too long. */
async function within<T>(work: Promise<T>): Promise<T | undefined> {
  const {promise, resolve} = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), LOOK_TIMEOUT_MS)
  try {
    return await Promise.race([work.catch(() => undefined), promise])
  } finally {
    clearTimeout(timer)
  }
}
function describe(
  config: StackConfig,
  state: StackState | undefined,
  keyspaces: readonly string[],
): Pick<PipelineStatus, 'servers' | 'services'> {
  const {connections} = state ?? config
  const pid = (name: ServerName): number | null => state?.servers[name].pid ?? null
  const services = (name: ServiceName) =>
    (state?.services[name] ?? []).map(({url, pid: own}) => ({url, pid: own}))
  return {
    servers: {
      postgres: {url: connections.DATABASE_URL, pid: pid('postgres')},
      kafka: {brokers: connections.KAFKA_BROKERS, pid: pid('kafka')},
      registry: {url: connections.SCHEMA_REGISTRY_URL, pid: pid('registry')},
      cassandra: {
        contactPoints: connections.CASSANDRA_CONTACT_POINTS,
        localDataCenter: connections.CASSANDRA_LOCAL_DC,
        keyspace: keyspaces[0]!,
        keyspaces,
        pid: pid('cassandra'),
      },
      redis: {url: connections.REDIS_URL, pid: pid('redis')},
    },
    services: byService(services),
  }
}
