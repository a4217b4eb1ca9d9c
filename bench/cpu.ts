/** CPU time of processes, from /proc. */
import {readdirSync, readFileSync} from 'node:fs'

/** A clock tick, as every Linux reports it to programs. */
const TICK_MS = 10

interface Stat {
  readonly parent: number
  /** Own time, milliseconds. */
  readonly ownMs: number
  /** Time of children that have ended. */
  readonly endedMs: number
}

function statOf(pid: number): Stat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The name is in parentheses and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = (at: number): number => Number(fields[at]) * TICK_MS
  return {
    parent: Number(fields[1]),
    ownMs: ticks(11) + ticks(12),
    endedMs: ticks(13) + ticks(14),
  }
}

/** CPU milliseconds that a process and all its descendants have used, ended ones included. */
export function cpuMsOf(pid: number): number {
  const stats = new Map<number, Stat>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined
    if (stat !== undefined) stats.set(Number(name), stat)
  }
  const isOurs = (id: number): boolean => {
    for (let at = id; at > 1; at = stats.get(at)?.parent ?? 0) if (at === pid) return true
    return false
  }
  let total = 0
  for (const [id, {ownMs, endedMs}] of stats) if (isOurs(id)) total += ownMs + endedMs
  return total
}

/** Milliseconds that all cores together were busy, and were there, since the machine started. */
export function machineMs(): {readonly busyMs: number; readonly allMs: number} {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, stolen = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(ticks => Number(ticks) * TICK_MS)
  const busyMs = user + nice + system + irq + soft + stolen
  return {busyMs, allMs: busyMs + idle + wait}
}
