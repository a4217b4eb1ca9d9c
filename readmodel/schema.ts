/**
 * The tables in Cassandra, made from declarations.
 *
 * Partitions stay bounded under a hit: docs/METRICS.md names the bound of every table.
 */
import type {Stream} from '../contracts/stream.ts'
import {filesTable, periodsTable} from './files-table.ts'
import {PARTS_TABLE} from './parts.ts'
import {planStream, type StatesPlan} from './plan.ts'
import {POSITION_TABLES} from './positions.ts'
import {deletedTable, rawColumns, rawTable} from './raw-table.ts'
import {referenceTable} from './reference-table.ts'
import {rollupTable} from './rollup-table.ts'
import {planShown} from './shown.ts'
import {recentTable} from './special/recent.ts'
import {retentionTable} from './special/retention.ts'
import {STALE_TABLE} from './stale-table.ts'
import {stepTable} from './step-table.ts'

const SPECIAL = {retention: retentionTable, recent: recentTable} as const

export interface TableDefinition {
  /** May be repeated. The table is named without keyspace. */
  readonly statement: string
  /** What the rows hold: rows of another layout cannot be read. */
  readonly layout: string
}

/** Of all tables of a stream. @param columns that its table of single events has */
export const layoutsOf = (stream: Stream, columns?: readonly string[]): readonly string[] =>
  tablesOf(stream, columns).map(({layout}) => layout)

/** Columns of single events, with their types; none of a stream that has its rows otherwise. */
export const rawColumnsOf = (stream: Stream): readonly string[] =>
  stream.isReference ? [] : rawColumns(planStream(stream), planShown(stream))

const definition = (
  statement: string,
  states?: StatesPlan & {readonly split?: unknown; readonly reserved?: unknown},
): TableDefinition => ({
  statement,
  layout: JSON.stringify([
    statement.replaceAll(/\s+/g, ' '),
    states?.states.map(({spec, at}) => `${spec.id} ${at}`) ?? null,
    states?.split ?? null,
    // Numbers of places follow from them.
    states?.reserved ?? null,
  ]),
})

const COMMON = [...POSITION_TABLES, STALE_TABLE, PARTS_TABLE].map(statement =>
  definition(statement),
)

function tablesOf(
  stream: Stream,
  columns: readonly string[] = rawColumnsOf(stream),
): readonly TableDefinition[] {
  if (stream.isReference) return [definition(referenceTable(stream))]
  const plan = planStream(stream)
  return [
    definition(rawTable(plan, planShown(stream), columns)),
    definition(deletedTable(plan)),
    definition(filesTable(plan)),
    definition(periodsTable(plan)),
    ...plan.rollups.map(rollup => definition(rollupTable(rollup), rollup)),
    ...[...plan.tops, ...plan.actives].map(window => definition(stepTable(window), window)),
    ...stream.special.map(({kind}) => definition(SPECIAL[kind](stream))),
  ]
}

/** What nothing else may be stored under: tables, ids of rollups (their rows in Redis), and hashes there. */
function namesOf(stream: Stream): readonly (readonly [what: string, name: string])[] {
  const tables = tablesOf(stream).map(table => ['table', nameOfTable(table)] as const)
  const {rollups} = planStream(stream)
  // A table of another name does not say it.
  const ids = rollups.filter(({id, table}) => id !== table).map(({id}) => ['id', id] as const)
  const hashes = [stream.hashes, ...rollups.map(({hash}) => hash)].filter(name => name !== null)
  return [...tables, ...ids, ...hashes.map(name => ['hash', name] as const)]
}

/** @throws a sentence when two of what streams count would be stored under one name */
export function checkApart(streams: readonly Stream[]): void {
  const owners = new Map(COMMON.map(table => [nameOfTable(table), 'the engine']))
  for (const stream of streams) {
    for (const [what, name] of namesOf(stream)) {
      // Hashes are other things than tables; CQL takes letters of either case as one.
      const known = what === 'hash' ? `hash ${name}` : name.toLowerCase()
      const other = owners.get(known)
      if (other !== undefined) {
        throw new TypeError(
          `stream ${stream.name}: ${what} ${name} is taken by ${other}: each projection needs its own`,
        )
      }
      owners.set(known, `stream ${stream.name}`)
    }
  }
}

/**
 * Tables of the streams, and those that all of them share.
 *
 * @throws as `checkApart`
 */
export function tablesFor(streams: readonly Stream[]): readonly TableDefinition[] {
  checkApart(streams)
  return [...COMMON, ...streams.flatMap(stream => tablesOf(stream))]
}

/** Names of the tables that no stream has for itself. */
export const commonTableNames = (): readonly string[] => [
  ...COMMON.map(nameOfTable),
  'read_model',
  'schema_lock',
]

/** Names of the tables that only a stream has. */
export const tableNamesOf = (stream: Stream): readonly string[] => tablesOf(stream).map(nameOfTable)

/** Name of the table that a statement makes. */
export function nameOfTable({statement}: TableDefinition): string {
  return /CREATE TABLE IF NOT EXISTS (\w+)/.exec(statement)![1]!
}
