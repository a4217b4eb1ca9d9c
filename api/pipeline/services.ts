/** What relay, processor and worker say about themselves over HTTP. */
import {messageOf} from '../../platform/errors.ts'
import type {PipelineView} from '../schemas/admin.ts'
import {readFlushTimes} from './flush-times.ts'

type ServiceState = PipelineView['services'][number]

/** What is asked over HTTP whether it is ready, by the settings. */
export const servicesOf = ({
  relayUrls,
  processorUrls,
  workerUrls,
}: {
  readonly relayUrls: readonly string[]
  readonly processorUrls: readonly string[]
  readonly workerUrls: readonly string[]
}): readonly {readonly name: string; readonly url: string}[] => [
  ...relayUrls.map(url => ({name: 'ingestor', url})),
  ...processorUrls.map(url => ({name: 'processor', url})),
  ...workerUrls.map(url => ({name: 'worker', url})),
]

const TIMEOUT_MS = 1000
const BYTES_MAX = 1_000_000

/** The addresses are settings of ours, never taken from a request. */
async function read(url: string): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const answer = await fetch(url, {signal, redirect: 'error'})
  return (await answer.text()).slice(0, BYTES_MAX)
}

export async function readService(name: string, url: string): Promise<ServiceState> {
  try {
    const text = await read(`${url}/health/ready`)
    const body = JSON.parse(text) as {ready?: unknown; reasons?: unknown; details?: unknown}
    const reasons = Array.isArray(body.reasons) ? body.reasons.map(String) : []
    return {name, url, ready: body.ready === true, reasons, details: body.details ?? null}
  } catch (error) {
    return {name, url, ready: null, reasons: [messageOf(error)], details: null}
  }
}

/** Its flush times stand beside what it says itself; without them it is still told how it does. */
export async function readProcessor(url: string): Promise<ServiceState> {
  const [state, flushes] = await Promise.all([
    readService('processor', url),
    read(`${url}/metrics`)
      .then(readFlushTimes)
      .catch(() => ({})),
  ])
  if (state.ready === null) return state
  return {...state, details: {...(state.details as object | null), ...flushes}}
}
