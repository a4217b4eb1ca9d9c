/**
 * Generations of the read model. A generation has its own keyspace, with everything that was counted of some
 * streams from one place of their topics on. A stream that is built again has two for a while: answers come
 * from the older one until the newer is complete.
 *
 * Every keyspace describes itself, so that what is served lives and dies with what it is served from.
 */
import {createHash} from 'node:crypto'
import {isOfGenerations} from '../contracts/generations.ts'
import type {Stream} from '../contracts/stream.ts'
import type {Cassandra} from '../platform/cassandra.ts'
import {PipelineError} from '../platform/errors.ts'
import {layoutsOf, rawColumnsOf} from './schema.ts'

/**
 * `complete`: every row of the source is in it. `filling`: a rebuild writes the rows that its topic does not
 * have. `incomplete`: rows are missing, and nobody fills it. `replaced`: a newer one serves, this one goes.
 */
export type GenerationState = 'complete' | 'filling' | 'incomplete' | 'replaced'

/** What a keyspace has of one stream. */
export interface Generation {
  readonly stream: string
  readonly keyspace: string
  /** What the keyspace calls itself, in Redis and in positions: drawn when it is made. */
  readonly space: string
  /** Higher than every one before. */
  readonly number: number
  readonly state: GenerationState
  /** Of the tables: those of another declaration cannot be read. */
  readonly layout: string
}

/** What a keyspace says of one stream. */
export interface CatalogEntry {
  readonly state: GenerationState
  readonly layout: string
  /** Of its table of single events, with their types: what may differ without a rebuild. */
  readonly columns?: readonly string[]
}

/** How a keyspace describes itself, in one row: what changes together changes at once. */
export interface KeyspaceCatalog {
  readonly space: string
  readonly number: number
  readonly streams: Readonly<Record<string, CatalogEntry>>
}

export const CATALOG_TABLE =
  'CREATE TABLE IF NOT EXISTS read_model (name text PRIMARY KEY, value text)'
const CATALOG = 'generation'

/** Of the tables of a stream, as its declaration wants them. @param columns that single events have instead */
export const layoutOf = (stream: Stream, columns?: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify(layoutsOf(stream, columns)))
    .digest('hex')
    .slice(0, 16)

export const catalogEntry = (stream: Stream, state: GenerationState): CatalogEntry => ({
  state,
  layout: layoutOf(stream),
  columns: rawColumnsOf(stream),
})

/** The consumer group that folds into a keyspace. */
export const groupOf = (groupId: string, base: string, keyspace: string): string =>
  groupId + keyspace.slice(base.length)

/** @returns null when the keyspace has not described itself yet */
export async function readCatalog(
  db: Pick<Cassandra, 'rows'>,
  keyspace: string,
): Promise<KeyspaceCatalog | null> {
  const [row] = await db.rows(`SELECT value FROM ${keyspace}.read_model WHERE name = ?`, [CATALOG])
  const value = row?.['value'] as string | null | undefined
  return (value ?? null) === null ? null : (JSON.parse(value!) as KeyspaceCatalog)
}

/**
 * Changes what a keyspace says of itself, at once or not at all.
 *
 * @throws `STATE_CONTRADICTS` (retry) when somebody else changed it meanwhile
 */
export async function changeCatalog(
  db: Pick<Cassandra, 'rowsSerial' | 'transact'>,
  keyspace: string,
  change: (catalog: KeyspaceCatalog | null) => KeyspaceCatalog,
): Promise<KeyspaceCatalog> {
  const table = `${keyspace}.read_model`
  const [row] = await db.rowsSerial(`SELECT value FROM ${table} WHERE name = ?`, [CATALOG])
  const before = (row?.['value'] as string | null | undefined) ?? null
  const catalog = change(before === null ? null : (JSON.parse(before) as KeyspaceCatalog))
  const after = JSON.stringify(catalog)
  const [answer] =
    before === null
      ? await db.transact(`INSERT INTO ${table} (name, value) VALUES (?, ?) IF NOT EXISTS`, [
          CATALOG,
          after,
        ])
      : await db.transact(`UPDATE ${table} SET value = ? WHERE name = ? IF value = ?`, [
          after,
          CATALOG,
          before,
        ])
  if (answer?.['[applied]'] === true) return catalog
  throw new PipelineError(
    'STATE_CONTRADICTS',
    `${keyspace} was changed by somebody else just now`,
    {
      disposition: 'retry',
    },
  )
}

export interface Keyspace {
  readonly name: string
  /** Null: it was not made to its end. */
  readonly catalog: KeyspaceCatalog | null
}

/** Keyspaces `base` and `base_g2`, `base_g3`, …, those that describe themselves and those that will. */
export async function readKeyspaces(
  db: Pick<Cassandra, 'rows'>,
  base: string,
): Promise<readonly Keyspace[]> {
  const found = await db.rows(
    "SELECT keyspace_name FROM system_schema.tables WHERE table_name = 'read_model' ALLOW FILTERING",
  )
  const names = found.map(row => row['keyspace_name'] as string)
  return await Promise.all(
    names
      .filter(name => isOfGenerations(base, name))
      .map(async name => ({name, catalog: await readCatalog(db, name)})),
  )
}

/** What keyspaces have of their streams, oldest first. */
export function generationsOf(keyspaces: readonly Keyspace[]): readonly Generation[] {
  return keyspaces
    .flatMap(({name: keyspace, catalog}) =>
      Object.entries(catalog?.streams ?? {}).map(([stream, {state, layout}]) => {
        const {space, number} = catalog!
        return {stream, keyspace, space, number, state, layout}
      }),
    )
    .toSorted((a, b) => a.number - b.number)
}

/** Every generation of every stream, oldest first. */
export const readGenerations = async (
  db: Pick<Cassandra, 'rows'>,
  base: string,
): Promise<readonly Generation[]> => generationsOf(await readKeyspaces(db, base))

/**
 * The generation that answers come from: the newest that is complete. While none is, the newest: what it
 * lacks is said instead of an answer.
 */
export function servedOf(generations: readonly Generation[], stream: string): Generation | null {
  const own = generations.filter(one => one.stream === stream)
  return own.findLast(({state}) => state === 'complete') ?? own.at(-1) ?? null
}

/** Generations that are folded into: those of the present declaration, but for what nobody fills or reads. */
export function foldedOf(
  generations: readonly Generation[],
  streams: readonly Stream[],
): readonly Generation[] {
  const layouts = new Map(streams.map(stream => [stream.name, layoutOf(stream)]))
  return generations.filter(
    ({stream, state, layout}) =>
      (state === 'complete' || state === 'filling') && layouts.get(stream) === layout,
  )
}

/** Why a stream has no whole numbers in what it is served from, and what to do; null: it has. */
export interface Lack {
  readonly kind: 'missing' | 'filling' | 'incomplete' | 'outdated'
  readonly what: string
}

export function lackOf(served: Generation | null, stream: Stream): Lack | null {
  const again = `npm run rebuild -- ${stream.name}`
  if (served === null) return {kind: 'missing', what: 'it has no tables: npm run init'}
  if (served.state === 'filling') {
    return {kind: 'filling', what: 'it is being built, until then no number is whole'}
  }
  if (served.state !== 'complete') {
    return {kind: 'incomplete', what: `rows of its table were never counted: ${again}`}
  }
  if (served.layout === layoutOf(stream)) return null
  return {kind: 'outdated', what: `it was counted by another declaration: ${again}`}
}
