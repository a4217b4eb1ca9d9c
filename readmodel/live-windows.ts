/** How long Redis keeps what slides with time, seconds. Windows that are served are shorter. */

/** Steps of the leaderboard and of active viewers: served are 10 and 5 minutes. */
export const LIVE_STEPS_S = 20 * 60
/** Minutes of the platform and of activity: served are 30 minutes. */
export const LIVE_MINUTES_S = 2 * 3600
/** Hashes of events, unless configured otherwise. */
export const EVENT_TTL_S = 15 * 60
