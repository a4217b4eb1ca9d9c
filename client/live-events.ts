/** Messages of the streams by their events: each carries what the answer of the same name carries. Types only. */
import type {Operations} from './schema.ts'

/** Figures do not follow at present; the next message of another kind says that they do again. */
interface Stale {
  readonly reason: string
}

/** A record of a source topic. */
interface LiveRecord {
  readonly partition: number
  readonly offset: number
  readonly at: string
  readonly value: unknown
  /** Why `value` could not be read. */
  readonly error: string | null
}

export interface LiveEvents {
  readonly 'GET /v1/live/content/{id}': {
    readonly content: Operations['GET /v1/content/{id}/metrics']['answer']
    readonly stale: Stale
  }
  readonly 'GET /v1/live/leaderboard': {
    readonly leaderboard: Omit<Operations['GET /v1/top']['answer'], 'from' | 'to'>
    readonly stale: Stale
  }
  readonly 'GET /v1/live/platform': {
    readonly platform: Operations['GET /v1/platform']['answer']
    /** Once, at the beginning of each connection. */
    readonly history: Operations['GET /v1/platform/history']['answer']
    readonly stale: Stale
  }
  readonly 'GET /v1/live/activity': {
    readonly engagement: LiveRecord
    readonly activity: LiveRecord
    /** Records that were missed while the connection was lost; null when nobody knows how many. */
    readonly gap: {readonly missed: number | null}
    readonly stale: Stale
  }
  readonly 'GET /v1/live/requests/{id}': {
    readonly request: Operations['GET /api/activity/requests/{id}']['answer']
  }
}
