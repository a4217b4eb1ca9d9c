/** Sliding windows and the buckets of the whole platform against SQL. */
import {EVENT_TYPES} from '../../contracts/engagement.ts'
import {readTruthPlatform, readTruthWindow} from '../../db/truth.ts'
import {createContentReads} from '../../readmodel/content-reads.ts'
import {cellOf, typeIndexOf} from '../../readmodel/content-state.ts'
import {deviceKeyOf} from '../../readmodel/devices.ts'
import type {WindowSums} from '../../readmodel/leaderboard-state.ts'
import {createLiveReads} from '../../readmodel/live-reads.ts'
import {STEP_SECONDS} from '../../readmodel/time.ts'
import {ACTIVE_WINDOW_S, LEADERBOARD_WINDOW_S, windowSteps} from '../../readmodel/windows.ts'
import {compareCounts, Differences, type Difference, type OracleDeps} from './differences.ts'

/** Windows that slide: the step of `nowS` and those before it. */
export async function compareWindows(
  deps: OracleDeps,
  nowS: number,
): Promise<readonly Difference[]> {
  const differences = new Differences()
  const stored = createContentReads(deps.cassandra, deps.partitions)
  const live = createLiveReads(deps.redis, deps.partitions)
  const range = (windowS: number) => {
    const steps = windowSteps(nowS, windowS)
    return {from: steps[0]!, to: steps.at(-1)! + STEP_SECONDS}
  }
  const truth = await readTruthWindow(deps.pg, range(LEADERBOARD_WINDOW_S))
  const boards = {
    cassandra: await stored.leaderboard(nowS, LEADERBOARD_WINDOW_S),
    redis: await live.leaderboard(nowS, LEADERBOARD_WINDOW_S),
  }
  for (const [name, board] of Object.entries(boards)) {
    const what = `${name} leaderboard`
    if (board === null) differences.equal(what, 'leases', 'not all stand')
    else compareBoard(differences, what, {expected: truth.contents, board})
  }
  const {users} = await readTruthWindow(deps.pg, range(ACTIVE_WINDOW_S))
  differences.users('cassandra active', users, await stored.activeUsers(nowS, ACTIVE_WINDOW_S))
  const active = await live.activeUsers(nowS, ACTIVE_WINDOW_S)
  differences.users('redis active', users, active ?? Number.NaN)
  if (active === null) differences.equal('redis active', 'leases', 'not all stand')
  return differences.list
}

function compareBoard(
  differences: Differences,
  what: string,
  {
    expected,
    board,
  }: {
    expected: Awaited<ReturnType<typeof readTruthWindow>>['contents']
    board: ReadonlyMap<string, WindowSums>
  },
): void {
  const truths = new Map(expected.map(row => [row.contentId, row]))
  for (const contentId of new Set([...truths.keys(), ...board.keys()])) {
    const truth = truths.get(contentId)
    const sums = board.get(contentId)
    for (const [index, type] of EVENT_TYPES.entries()) {
      const label = `${what} ${contentId} ${type}`
      differences.equal(`${label} events`, truth?.events[type] ?? 0, sums?.events[index] ?? 0)
      const ms = sums?.durationMs[index] ?? 0
      differences.equal(`${label} duration_ms`, truth?.durationMs[type] ?? 0, ms)
    }
    differences.users(`${what} ${contentId}`, truth?.users ?? 0, sums?.users.size ?? 0)
  }
}

/** Buckets of the whole platform, in Cassandra. */
export async function comparePlatform(deps: OracleDeps): Promise<readonly Difference[]> {
  const differences = new Differences()
  const reads = createContentReads(deps.cassandra, deps.partitions)
  for (const granularity of ['day', 'hour', 'minute'] as const) {
    const rows = await readTruthPlatform(deps.pg, granularity)
    for (const from of new Set(rows.map(({start}) => Math.floor(start / 86_400) * 86_400))) {
      const stored = await reads.platform(granularity, {from, to: from + 86_400})
      const sums = new Map<string, number>()
      for (const {start, state} of stored) {
        for (const [device, name] of state.devices.entries()) {
          for (const type of EVENT_TYPES) {
            const cell = cellOf(device, typeIndexOf(type))
            const key = `${start} ${name} ${type}`
            if (state.events(cell) === 0 && state.timed(cell) === 0) continue
            sums.set(`${key} events`, state.events(cell))
            sums.set(`${key} timed`, state.timed(cell))
            sums.set(`${key} ms`, state.durationMs(cell))
          }
        }
      }
      const expected = new Map<string, number>()
      const add = (key: string, count: number): void =>
        void expected.set(key, (expected.get(key) ?? 0) + count)
      for (const row of rows) {
        if (row.start < from || row.start >= from + 86_400) continue
        const key = `${row.start} ${deviceKeyOf(row.device)} ${row.type}`
        add(`${key} events`, row.events)
        add(`${key} timed`, row.timed)
        add(`${key} ms`, row.durationMs)
      }
      compareCounts(differences, `platform ${granularity}`, {expected, actual: sums})
    }
  }
  return differences.list
}
