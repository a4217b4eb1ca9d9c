/**
 * Reads the columns of other tables that records carry: one query for each look-up and page.
 *
 * Guarantees    a row that is not there is null, and so is a column that cannot be carried. A table that
 *               cannot be read fails the page as a whole, which comes again (INV-10).
 * Does not      know the past: what travels is the row when the page is read, after a redelivery maybe
 *               another one than before.
 */
import type {Lookup, Stream} from '../contracts/stream.ts'
import {compileSchema} from '../platform/avro-codec.ts'
import {PipelineError} from '../platform/errors.ts'
import {classifyPostgresError, type Pool} from '../platform/postgres.ts'
import {settleAll} from '../platform/settle.ts'
import {textOf, toLookedUp} from './encode.ts'
import {grantsOf, isCastable, lookUpRead, lookUpSql} from './look-up-sql.ts'
import type {LookedUp, OutboxPage, OutboxRow} from './outbox-reader.ts'
import {readMembers} from './row-text.ts'

/** The page, its rows with what was looked up for them. @throws to be tried again, naming the table */
export type LookUp = (page: OutboxPage) => Promise<OutboxPage>

interface Source {
  readonly stream: string
  readonly alias: string
  readonly lookup: Lookup
  readonly byColumn: string
  /** Of the prepared statement; PostgreSQL cuts long ones. */
  readonly name: string
  readonly sql: string
  /** Many rows name the same one: it is encoded once. */
  readonly encode: (fields: object | null) => LookedUp
  readonly none: LookedUp
}

/** The row as it travels; undefined when the payload is none, which encoding will tell. */
function imageOf({op, payload}: OutboxRow): ReadonlyMap<string, string> | undefined {
  try {
    const members = readMembers(payload)
    if (op === 'c' || op === 'r') return members
    const image = members.get(op === 'u' ? 'after' : 'before')
    return image === undefined ? undefined : readMembers(image)
  } catch (error) {
    if (error instanceof PipelineError) return undefined
    throw error
  }
}

function explain(error: unknown, {stream, alias, lookup}: Source): PipelineError {
  const known = classifyPostgresError(error)
  const isForbidden = (error as {code?: unknown}).code === '42501'
  const remedy = isForbidden
    ? `; npm run init grants what is missing: ${grantsOf(lookUpRead(lookup)).join('; ')}`
    : ''
  const message = `look-up ${alias} of stream ${stream} in ${lookup.table}: ${known.message}${remedy}`
  // Also what the server refuses: somebody creates the table or grants it, and nothing may be lost until then.
  return new PipelineError(known.code, message, {disposition: 'retry', cause: error})
}

async function find(
  source: Source,
  texts: Iterable<string | null>,
  pool: Pool,
): Promise<ReadonlyMap<string, LookedUp>> {
  const {lookup, name, sql, encode} = source
  const wanted = new Set<string>()
  for (const text of texts) {
    if (text !== null && isCastable(text, lookup.keyType)) wanted.add(text)
  }
  if (wanted.size === 0) return new Map()
  try {
    const values = [[...wanted]]
    const {rows} = await pool.query<[string, string]>({name, text: sql, values, rowMode: 'array'})
    return new Map(rows.map(([text, row]) => [text, encode(toLookedUp(lookup.columns, row))]))
  } catch (error) {
    throw explain(error, source)
  }
}

async function lookUpStream(
  rows: readonly OutboxRow[],
  sources: readonly Source[],
  pool: Pool,
): Promise<readonly OutboxRow[]> {
  const images = rows.map(imageOf)
  const parts = await settleAll(
    sources.map(async source => {
      const texts = images.map(image => textOf(image?.get(source.byColumn)))
      return {texts, found: await find(source, texts, pool), none: source.none}
    }),
  )
  return rows.map((row, i) => {
    const lookedUp = parts.map(({texts, found, none}) => {
      const text = texts[i] ?? null
      return text === null ? none : (found.get(text) ?? none)
    })
    return {...row, lookedUp}
  })
}

function toSource(stream: Stream, alias: string, name: string): Source {
  const lookup = stream.enrich[alias]!
  const type = compileSchema(
    stream.schema.fields.find(field => field.name === alias)!.type as object,
  )
  const encode = (fields: object | null): LookedUp => ({fields, bytes: type.toBuffer(fields)})
  return {
    stream: stream.name,
    alias,
    lookup,
    byColumn: stream.columns.find(({field}) => field === lookup.by)!.column,
    name,
    sql: lookUpSql(lookup),
    encode,
    none: encode(null),
  }
}

function sourcesOf(streams: readonly Stream[]): ReadonlyMap<string, readonly Source[]> {
  const byTopic = new Map<string, readonly Source[]>()
  for (const [i, stream] of streams.entries()) {
    const aliases = Object.keys(stream.enrich)
    if (aliases.length === 0) continue
    const sources = aliases.map((alias, j) => toSource(stream, alias, `look_up_${i}_${j}`))
    byTopic.set(stream.topic, sources)
  }
  return byTopic
}

/**
 * Undefined when no stream looks anything up: then a page is what was read.
 *
 * @param openPool called once, when there is something to look up. Not a lane's own connection: a table
 *   that somebody has locked must not keep the lane's lease and cursor waiting, and ends with the
 *   pool's statement timeout.
 */
export function createLookUp(streams: readonly Stream[], openPool: () => Pool): LookUp | undefined {
  const sources = sourcesOf(streams)
  if (sources.size === 0) return undefined
  const pool = openPool()
  return async page => {
    const topics = [...new Set(page.rows.map(row => row.topic))].filter(topic => sources.has(topic))
    if (topics.length === 0) return page
    const answers = await settleAll(
      topics.map(async topic => {
        const rows = page.rows.filter(row => row.topic === topic)
        return await lookUpStream(rows, sources.get(topic)!, pool)
      }),
    )
    const known = new Map(answers.flat().map(row => [row.id, row]))
    return {...page, rows: page.rows.map(row => known.get(row.id) ?? row)}
  }
}
