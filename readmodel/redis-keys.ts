/**
 * Names of keys in Redis. `{p}` is the source partition: the hash tag keeps what one owner writes
 * in one slot of a cluster. Keys of a partition count only while its lease stands.
 */

/** Lease of a stream's partition: hash of run_id, generation, offset; expires by itself. */
export const readyKey = (stream: string, partition: number): string =>
  `ready:${stream}:{${partition}}`

/** What the last flush of a partition carried: hash of generation, offset. Never expires. */
export const fenceKey = (stream: string, partition: number): string =>
  `fence:${stream}:{${partition}}`

/** There while a reader waits until Cassandra has what is folded; expires by itself. */
export const awaitedKey = (stream: string, partition: number): string =>
  `awaited:${stream}:{${partition}}`

/** An engagement event as hash; fields without value are absent. */
export const eventKey = (eventId: number): string => `engagement_events:event:${eventId}`

/** Totals of a content as hash. */
export const totalsKey = (partition: number, contentId: string): string =>
  `content_totals:{${partition}}:${contentId}`

/** Hash of one 10 s step: field = content, value = bytes (see leaderboard-state.ts). */
export const leaderboardKey = (partition: number, stepSeconds: number): string =>
  `leaderboard:{${partition}}:${stepSeconds}`

/** Viewers of one 10 s step as bytes (see viewers-state.ts). */
export const viewersKey = (partition: number, stepSeconds: number): string =>
  `viewers:{${partition}}:${stepSeconds}`

/** Hash of one minute of the whole platform, by source partition. */
export const platformMinuteKey = (partition: number, minuteSeconds: number): string =>
  `platform:{${partition}}:${minuteSeconds}`

/** Hash: field = page, value = views. */
export const pageViewsKey = (partition: number): string => `page_views:{${partition}}`

/** Hash of one minute of activity: events, page_views. */
export const activityMinuteKey = (partition: number, minuteSeconds: number): string =>
  `activity:{${partition}}:${minuteSeconds}`
