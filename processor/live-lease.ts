/**
 * Redis as one partition sees it: live, being seeded, or away. Pure.
 *
 * Guarantees    INV-37: going on without Redis starts only after every lease has ended that could
 *               make readers believe old values.
 */
import assert from 'node:assert/strict'

export type LivePhase =
  /** Nothing is known: the server has to be asked. */
  | 'unknown'
  /** All keys of the partition are being written. */
  | 'seeding'
  /** Every flush renews the lease. */
  | 'live'
  /** It does not answer, for longer than it is waited for. */
  | 'away'

export interface LiveOptions {
  readonly leaseMs: number
  /** How long Redis may not answer before the partition goes on without it. */
  readonly patienceMs: number
}

export class LiveLease {
  readonly #options: LiveOptions
  #phase: LivePhase = 'unknown'
  /** No lease, whoever holds it, ends later. Milliseconds since 1970. */
  #leaseEndsMs: number
  #failingSinceMs: number | undefined
  #appliedOffset = -1

  constructor(options: LiveOptions, nowMs: number) {
    this.#options = options
    // An earlier owner may have renewed its lease a moment ago.
    this.#leaseEndsMs = nowMs + options.leaseMs
  }

  get phase(): LivePhase {
    return this.#phase
  }

  get appliedOffset(): number {
    return this.#appliedOffset
  }

  get failingSinceMs(): number | undefined {
    return this.#failingSinceMs
  }

  /** A flush is about to ask for a lease until then: the server may grant it, answer or not. */
  asking(untilMs: number): void {
    this.#leaseEndsMs = Math.max(this.#leaseEndsMs, untilMs)
  }

  /** Takes over a lease that stands: its keys are whole up to `offset`. */
  adopted(offset: number): void {
    this.#phase = 'live'
    this.#appliedOffset = offset
    this.#failingSinceMs = undefined
  }

  /** The lease was removed: nobody believes the keys. */
  revoked(): void {
    this.#phase = 'seeding'
    this.#leaseEndsMs = 0
    this.#appliedOffset = -1
    this.#failingSinceMs = undefined
  }

  /** Everything up to `offset` is applied and the lease says so. */
  applied(offset: number): void {
    assert(offset >= this.#appliedOffset, 'what is applied only grows')
    this.#phase = 'live'
    this.#appliedOffset = offset
    this.#failingSinceMs = undefined
  }

  /** The server forgot the lease or is another one. */
  lost(): void {
    this.#phase = 'unknown'
    this.#failingSinceMs = undefined
  }

  /** A call failed. Returns true when this makes Redis count as away from now on. */
  failed(nowMs: number): boolean {
    this.#failingSinceMs ??= nowMs
    if (this.#phase === 'away' || nowMs - this.#failingSinceMs < this.#options.patienceMs) {
      return false
    }
    this.#phase = 'away'
    return true
  }

  /** It answers again after having been away. */
  returned(): void {
    this.#phase = 'unknown'
    this.#failingSinceMs = undefined
  }

  /** May offsets up to `offset` be committed, as far as Redis is concerned? */
  allowsCommit(offset: number, nowMs: number): boolean {
    if (this.#phase === 'live' && this.#appliedOffset >= offset) return true
    const goesOnWithout = this.#phase === 'away' || this.#phase === 'seeding'
    return goesOnWithout && nowMs > this.#leaseEndsMs
  }
}
