/** Which lanes a relay holds. Pure: every relay decides alone, from what all of them see. */

export interface LaneView {
  /** All lanes that there are. */
  readonly lanes: readonly number[]
  /** Members in the order in which they joined. */
  readonly members: readonly number[]
  readonly self: number
  /** Lanes that this relay holds. */
  readonly held: readonly number[]
}

export interface LanePlan {
  /** Held lanes to give up, in an orderly way. */
  readonly release: readonly number[]
  /** Lanes to try, in this order; at most `want` of them are to be taken. */
  readonly candidates: readonly number[]
  readonly want: number
}

/** How many lanes the member at `rank` holds: shares differ by one at most, and add up to all. */
export function shareOf(rank: number, members: number, lanes: number): number {
  return Math.floor(lanes / members) + (rank < lanes % members ? 1 : 0)
}

export function planLanes({lanes, members, self, held}: LaneView): LanePlan {
  const gone = held.filter(lane => !lanes.includes(lane))
  const rank = members.indexOf(self)
  // Our membership is not visible yet, or was lost: hold what we have, take nothing.
  if (rank < 0) return {release: gone, candidates: [], want: 0}
  const present = held.filter(lane => lanes.includes(lane))
  const share = shareOf(rank, members.length, lanes.length)
  const free = lanes.filter(lane => !held.includes(lane))
  // Members start at different lanes, so that they seldom try for the same one.
  const start = free.length === 0 ? 0 : Math.floor((rank * free.length) / members.length)
  return {
    release: [...gone, ...present.slice(share)],
    candidates: [...free.slice(start), ...free.slice(0, start)],
    want: Math.max(0, share - present.length),
  }
}
