/** Events as projections, registers and raw rows see them, and what is computed from them. */
import {PAGE_VIEW, type ActivityRow} from '../contracts/activity.ts'
import type {EngagementRow} from '../contracts/engagement.ts'

/** A source row of `engagement_events` with what was parsed from its payload. */
export interface EngagementEvent extends EngagementRow {
  /** `raw_payload.position_ms`: the playhead when the event was written, or null. */
  readonly position_ms: number | null
}

/** A source row of `activity_events` with what was parsed from its metadata. */
export interface ActivityEvent extends ActivityRow {
  /** The page of a page view, or null. */
  readonly page: string | null
}

/** What is computed for a raw row when it is written, with the metadata known then. */
export interface EngagementDerived {
  readonly content_type: string | null
  readonly length_seconds: number | null
  readonly engagement_seconds: number | null
  readonly engagement_pct: number | null
}

/** Nothing is derived for an activity. */
export type ActivityDerived = Readonly<Record<string, never>>

export interface ContentFacts {
  readonly content_type: string | null
  readonly length_seconds: number | null
}

/** `duration_ms / 1000`, null without a duration. */
export const engagementSeconds = (durationMs: number | null): number | null =>
  durationMs === null ? null : durationMs / 1000

/** A ratio, unrounded, may exceed 1; null when either side is missing or the length is 0. */
export const engagementPct = (
  durationMs: number | null,
  lengthSeconds: number | null,
): number | null =>
  durationMs === null || lengthSeconds === null || lengthSeconds === 0
    ? null
    : durationMs / 1000 / lengthSeconds

export function deriveEngagement(
  event: Pick<EngagementRow, 'duration_ms'>,
  content: ContentFacts | null,
): EngagementDerived {
  const length = content?.length_seconds ?? null
  return {
    content_type: content?.content_type ?? null,
    length_seconds: length,
    engagement_seconds: engagementSeconds(event.duration_ms),
    engagement_pct: engagementPct(event.duration_ms, length),
  }
}

function parseObject(json: string | null): Readonly<Record<string, unknown>> | null {
  if (json === null) return null
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/** A whole number of milliseconds, 0 or more, given as number; anything else counts as not given. */
export function parsePosition(rawPayload: string | null): number | null {
  if (rawPayload === null || !rawPayload.includes('"position_ms"')) return null
  const position = parseObject(rawPayload)?.['position_ms']
  return typeof position === 'number' && Number.isSafeInteger(position) && position >= 0
    ? position
    : null
}

/** `metadata.page` of a page view when it is text, else null. */
export function parsePage(row: Pick<ActivityRow, 'activity_type' | 'metadata'>): string | null {
  if (row.activity_type !== PAGE_VIEW) return null
  const page = parseObject(row.metadata)?.['page']
  return typeof page === 'string' ? page : null
}

export function toEngagementEvent(row: EngagementRow): EngagementEvent {
  return {
    event_id: row.event_id,
    content_id: row.content_id,
    user_id: row.user_id,
    event_type: row.event_type,
    event_ts: row.event_ts,
    duration_ms: row.duration_ms,
    device: row.device,
    raw_payload: row.raw_payload,
    position_ms: parsePosition(row.raw_payload),
  }
}

export function toActivityEvent(row: ActivityRow): ActivityEvent {
  return {
    event_id: row.event_id,
    user_id: row.user_id,
    activity_type: row.activity_type,
    occurred_at: row.occurred_at,
    metadata: row.metadata,
    page: parsePage(row),
  }
}

/** Longest texts that are part of a key, characters; longer ones never succeed. */
export const USER_ID_MAX = 1024
export const ACTIVITY_TYPE_MAX = 256
