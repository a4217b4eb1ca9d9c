/** What the oracle compares, and how differences are kept. */
import type {Cassandra} from '../../platform/cassandra.ts'
import type {Pool} from '../../platform/postgres.ts'
import type {Redis} from '../../platform/redis.ts'

export interface OracleDeps {
  readonly pg: Pick<Pool, 'query'>
  readonly cassandra: Cassandra
  readonly redis: Redis
  /** Partitions of every topic. */
  readonly partitions: number
}

export interface Difference {
  readonly what: string
  readonly expected: unknown
  readonly actual: unknown
}

/** Collects what differs. */
export class Differences {
  readonly list: Difference[] = []

  equal(what: string, expected: unknown, actual: unknown): void {
    if (Object.is(expected, actual)) return
    this.list.push({what, expected, actual})
  }

  /** Distinct users, within four standard errors. */
  users(what: string, expected: number, actual: number): void {
    if (Math.abs(actual - expected) <= Math.ceil(expected * 4 * 0.0081)) return
    this.list.push({what: `${what} (distinct users)`, expected, actual})
  }
}

export function compareCounts(
  differences: Differences,
  what: string,
  {expected, actual}: {expected: ReadonlyMap<string, number>; actual: ReadonlyMap<string, number>},
): void {
  for (const key of new Set([...expected.keys(), ...actual.keys()])) {
    differences.equal(`${what} ${key}`, expected.get(key) ?? 0, actual.get(key) ?? 0)
  }
}

/** JSON apart from spaces. */
export const toJson = (text: string | null): string | null =>
  text === null ? null : JSON.stringify(JSON.parse(text))
