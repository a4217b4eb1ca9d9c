/**
 * Requests at a fixed rate, whether or not those before are answered.
 *
 * Guarantees    a time counts from the moment at which the request was due, so a wait for a free
 *               connection, or for a generator that is late, is part of it. Nothing is left out:
 *               each due request is answered, or counted as failed.
 */
import {setTimeout as sleep} from 'node:timers/promises'
import {Pool} from 'undici'
import {quantile, type Figures} from './bench.ts'

const CONNECTIONS = 64
const TICK_MS = 1
/** As good as an answer in its time: longer means that somebody has stopped. */
const TIMEOUT_MS = 20_000

export interface Answer {
  readonly status: number
  /** The text, when it was asked for. */
  readonly body: string
}

export interface OpenLoop {
  /** Sends one request now. */
  ask(path: string): Promise<Answer>
  /** Sends `rate` a second for `seconds`; times of the first `warmSeconds` are not counted. */
  run(load: Load): Promise<LoadResult>
  close(): Promise<void>
}

export interface Load {
  readonly path: (n: number) => string
  readonly rate: number
  readonly seconds: number
  readonly warmSeconds?: number
}

export interface LoadResult {
  /** From due to the last byte, ascending. */
  readonly sortedMs: readonly number[]
  /** How late the generator sent, ascending. */
  readonly sortedLateMs: readonly number[]
  readonly answeredPerS: number
  /** Answers other than 200, and requests without an answer. */
  readonly failed: number
}

const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)

export function createOpenLoop(url: string): OpenLoop {
  const pool = new Pool(url, {
    connections: CONNECTIONS,
    pipelining: 1,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  })

  /** The cheap way through undici: no promise, no stream, no text of the body. */
  const send = (path: string, done: (status: number) => void): void => {
    let status = 0
    pool.dispatch(
      {path, method: 'GET', headers: {accept: 'application/json'}},
      {
        onRequestStart() {},
        onResponseStart(_controller, code) {
          status = code
        },
        onResponseData() {},
        onResponseEnd: () => done(status),
        onResponseError: () => done(0),
      },
    )
  }

  return {
    async ask(path) {
      const {statusCode, body} = await pool.request({path, method: 'GET'})
      return {status: statusCode, body: await body.text()}
    },
    async run({path, rate, seconds, warmSeconds = 0}) {
      const total = Math.round(rate * (seconds + warmSeconds))
      const warm = Math.round(rate * warmSeconds)
      const times: number[] = []
      const late: number[] = []
      const finished = Promise.withResolvers<undefined>()
      let [sent, over, failed] = [0, 0, 0]
      const startMs = performance.now()
      const sendOne = (n: number): void => {
        const dueMs = startMs + (n * 1_000) / rate
        if (n >= warm) late.push(performance.now() - dueMs)
        send(path(n), status => {
          if (n >= warm) times.push(performance.now() - dueMs)
          if (n >= warm && status !== 200) failed++
          if (++over === total) finished.resolve(undefined)
        })
      }
      while (sent < total) {
        const due = Math.min(total, Math.floor(((performance.now() - startMs) * rate) / 1_000) + 1)
        while (sent < due) sendOne(sent++)
        await sleep(TICK_MS)
      }
      await finished.promise
      const tookS = (performance.now() - startMs) / 1_000 - warmSeconds
      return {
        sortedMs: ascending(times),
        sortedLateMs: ascending(late),
        answeredPerS: (times.length - failed) / tookS,
        failed,
      }
    },
    close: () => pool.close(),
  }
}

export function toFigures({sortedMs, sortedLateMs, answeredPerS, failed}: LoadResult): Figures {
  return {
    answered_per_s: answeredPerS,
    p50_ms: quantile(sortedMs, 0.5),
    p99_ms: quantile(sortedMs, 0.99),
    'p99.9_ms': quantile(sortedMs, 0.999),
    max_ms: sortedMs.at(-1) ?? Number.NaN,
    failed,
    generator_late_p99_ms: quantile(sortedLateMs, 0.99),
  }
}
