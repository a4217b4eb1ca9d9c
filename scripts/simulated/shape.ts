/** How busy a moment is, compared with the mean of a week: people sleep, and buy more at the weekend. UTC. */

const HOURS = [
  38, 26, 20, 17, 17, 22, 36, 58, 82, 98, 106, 112, 120, 116, 110, 110, 116, 128, 146, 164, 172,
  160, 122, 74,
] as const
/** From Sunday on. */
const DAYS = [118, 92, 90, 92, 96, 106, 124] as const
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

const meanOf = (list: readonly number[]): number =>
  list.reduce((sum, value) => sum + value, 0) / list.length

/** 1 in the mean of a week; between two hours it goes over evenly. */
export function busyness(atMs: number): number {
  const at = new Date(atMs)
  const hour = (atMs % DAY_MS) / HOUR_MS
  const [before, after] = [HOURS[Math.floor(hour)]!, HOURS[(Math.floor(hour) + 1) % 24]!]
  const ofDay = (before + (after - before) * (hour % 1)) / meanOf(HOURS)
  return ofDay * (DAYS[at.getUTCDay()]! / meanOf(DAYS))
}
