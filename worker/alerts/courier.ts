/**
 * Sends what was queued, each channel in its order.
 *
 * Guarantees    INV-157, INV-159.
 * Does not      decide what is told: that was queued with the incident.
 */
import {dispositionOf, messageOf} from '../../platform/errors.ts'
import {pause, type Loop} from '../../platform/lifecycle.ts'
import type {Logger} from '../../platform/log.ts'
import type {Claim, DeliveryTable} from './delivery-table.ts'
import type {AlertMetrics} from './metrics.ts'
import {nextStep, type Outcome, type PatienceOptions} from './outcome.ts'

export interface Channel {
  readonly name: string
  readonly kind: 'webhook' | 'mail'
  readonly address: string
  readonly secret: string | null
  /** How often in a row it was away. */
  readonly failures: number
}

export interface Message {
  readonly id: string
  readonly messageId: string
  /** JSON, as it is signed. */
  readonly payload: string
  readonly attempts: number
  readonly queuedMs: number
}

/** One attempt, within seconds: a stop waits for it. Never rejects because of the receiver. */
export type Send = (channel: Channel, message: Message) => Promise<Outcome>

export interface CourierDeps {
  readonly deliveries: DeliveryTable
  readonly senders: Readonly<Partial<Record<Channel['kind'], Send>>>
  readonly metrics: AlertMetrics
  readonly log: Logger
}

export interface CourierOptions extends PatienceOptions {
  readonly pollMs: number
  /** Channels that are sent to at one time. */
  readonly concurrencyMax: number
}

const FORGET_MS = 3_600_000

export function createCourier(deps: CourierDeps, options: CourierOptions): Loop {
  const {deliveries, senders, metrics} = deps
  const log = deps.log.child({component: 'alerts'})

  const deliver = async (claim: Claim): Promise<void> => {
    const {channel, message} = claim
    const outcome = await senders[channel.kind]!(channel, message)
    const attempt = {
      attempts: message.attempts + 1,
      queuedMs: message.queuedMs,
      failures: channel.failures + 1,
    }
    const step = nextStep(outcome, attempt, options)
    const isNoted = await deliveries.finish(claim, step)
    metrics.deliveries.inc({outcome: step.kind})
    const fields = {channel: channel.name, message: message.messageId}
    if (!isNoted) log.warn(fields, 'the lease of a channel was over')
    else if (step.kind === 'dead') log.error({...fields, reason: step.reason}, 'dead letter')
    else if (step.kind === 'wait') log.warn({...fields, reason: step.reason}, 'not sent yet')
  }

  /** What can be tried again is: later. */
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      if (dispositionOf(error) !== 'retry') throw error
      log.warn({reason: messageOf(error)}, 'messages cannot be read')
      return undefined
    }
  }
  const claimOne = () => attempt(() => deliveries.claim())

  /** One after the other, whatever channels they are of, until there is none. */
  const deliverFrom = async (first: Claim, signal: AbortSignal): Promise<void> => {
    for (let claim: Claim | undefined = first; claim !== undefined;) {
      const present: Claim = claim
      await attempt(() => deliver(present))
      claim = signal.aborted ? undefined : await claimOne()
    }
  }

  return {
    name: 'alert-courier',
    async run(signal) {
      const own = new AbortController()
      const all = AbortSignal.any([signal, own.signal])
      const running = new Set<Promise<void>>()
      const failures: unknown[] = []
      const start = (claim: Claim): void => {
        const work = deliverFrom(claim, all)
          .catch((error: unknown) => {
            failures.push(error)
            own.abort()
          })
          .finally(() => running.delete(work))
        running.add(work)
      }
      let forgetAt = 0
      try {
        while (!all.aborted) {
          if (performance.now() >= forgetAt) {
            await attempt(() => deliveries.forget())
            forgetAt = performance.now() + FORGET_MS
          }
          const claim = running.size < options.concurrencyMax ? await claimOne() : undefined
          if (claim === undefined) await pause(options.pollMs, all)
          else start(claim)
        }
      } finally {
        own.abort()
        await Promise.all(running)
      }
      if (failures.length > 0) throw failures[0]
    },
  }
}
