/**
 * What is too large for its row: parts, named anew each time, never written twice.
 *
 * Guarantees    no row exceeds 256 KiB, whatever it counts: what is larger lies in parts that the row
 *               names. Parts are durable before the row that names them.
 */
import type {Cassandra, CqlRow} from '../platform/cassandra.ts'
import {placed, type PlacedStatement} from './batches.ts'
import type {Bucket} from './bucket.ts'
import {timestampBytes, type Fence} from './fence.ts'
import {BODY_BYTES_MAX} from './limits.ts'
import type {EncodedState, Naming} from './rows.ts'
import {ByteReader, ByteWriter} from './bytes.ts'
import type {Spill} from './unique-sketch.ts'

const PARTS_PER_BLOCK = 256
const INSERT = `INSERT INTO parts (rollup, src_partition, block, part, body)
  VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`
const SELECT = `SELECT body FROM parts
  WHERE rollup = ? AND src_partition = ? AND block = ? AND part = ?`
const DELETE = `DELETE FROM parts USING TIMESTAMP ?
  WHERE rollup = ? AND src_partition = ? AND block = ? AND part = ?`

export const PARTS_TABLE = `CREATE TABLE IF NOT EXISTS parts (
  rollup text, src_partition int, block bigint, part bigint, body blob,
  PRIMARY KEY ((rollup, src_partition, block), part))`

const blockOfPart = (part: number): number => Math.floor(part / PARTS_PER_BLOCK)

/** A part that no durable row names any more. */
export interface DroppedPart {
  readonly rollup: string
  readonly part: number
  /** Of the row that replaced the one which named it. */
  readonly offset: number
}

export const dropStatements = (
  dropped: readonly DroppedPart[],
  partition: number,
): readonly PlacedStatement[] =>
  dropped.map(({rollup, part, offset}) => {
    const block = blockOfPart(part)
    const params = [timestampBytes(offset, 1), rollup, partition, block, part]
    return placed(`parts/${rollup}/${partition}/${block}`, DELETE, params)
  })

export interface CollectingSpill extends Spill {
  readonly statements: readonly PlacedStatement[]
  /** Everything collected is durable. */
  readonly done: () => void
}

/** A state that is one row, and what is stored beside it. */
export const encodedRow = (
  {statements, done}: CollectingSpill,
  row: PlacedStatement,
): EncodedState => ({parts: statements, before: [], rows: [row], commit: done})

/**
 * Collects what a state wants to have stored beside its row.
 *
 * @param lifeS of a row that expires, seconds: nobody would drop its last parts
 */
export function collectSpill(
  rollup: string,
  {partition, offset}: Fence,
  naming: Naming,
  lifeS?: number,
): CollectingSpill {
  const insert = lifeS === undefined ? INSERT : `${INSERT} AND TTL ${lifeS}`
  const statements: PlacedStatement[] = []
  const waiting: (() => void)[] = []
  return {
    statements,
    add(body) {
      const part = naming.namePart()
      const block = blockOfPart(part)
      const params = [rollup, partition, block, part, body, timestampBytes(offset, 0)]
      statements.push(placed(`parts/${rollup}/${partition}/${block}`, insert, params))
      return part
    },
    onDurable: done => void waiting.push(done),
    drop(parts) {
      for (const part of parts) naming.drop({rollup, part, offset})
    },
    done() {
      for (const one of waiting) one()
    },
  }
}

/** A part that a row names is not there: the row was replaced meanwhile. */
export class PartMissing extends Error {
  override readonly name = 'PartMissing'
}

const READS_MAX = 5

/** A row whose parts are gone was replaced between two reads: it is read again. */
export async function readAgain<T>(read: () => Promise<T>): Promise<T> {
  for (let i = 1; ; i++) {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof PartMissing) || i === READS_MAX) throw error
    }
  }
}

/** Reads parts. */
export interface PartReader {
  /** @throws PartMissing when the row that names it is no longer the present one */
  read(at: {readonly rollup: string; readonly partition: number}, part: number): Promise<Buffer>
}

export const createPartReader = (cassandra: Cassandra): PartReader => ({
  async read({rollup, partition}, part) {
    const [row] = await cassandra.rows(SELECT, [rollup, partition, blockOfPart(part), part])
    if (row === undefined) throw new PartMissing(`part ${part} of ${rollup}`)
    return row['body'] as Buffer
  },
})

/** Reads what the bucket's sketches have stored beside the row. @throws PartMissing */
export async function loadParts(
  reader: PartReader,
  at: {readonly rollup: string; readonly partition: number},
  bucket: Bucket,
): Promise<void> {
  const wanted = bucket.sketches.flatMap(sketch =>
    (sketch?.parts ?? []).map(part => ({sketch: sketch!, part})),
  )
  await Promise.all(
    wanted.map(async ({sketch, part}) => sketch.addPart(await reader.read(at, part))),
  )
}

/** First byte of a row's body that is not its own first byte: formats are below. */
const IN_PARTS = 255

/** Bodies of a table's rows, of any size. */
export interface Bodies {
  /** @returns the bytes of the row; what they name is in `spill` */
  seal(state: object, body: Buffer, spill: Spill): Buffer
  /** The whole body of a row. @throws PartMissing */
  open(row: CqlRow, partition: number): Promise<OpenBody>
}

export interface OpenBody {
  readonly body: Buffer
  /** The state was made of this row: parts of its body go when it is written again. */
  readonly keep: <State extends object>(state: State) => State
}

/** @param rollup what parts of the table are named by */
export function createBodies(reader: PartReader, rollup: string): Bodies {
  const partsOf = new WeakMap<object, readonly number[]>()
  const replace = (state: object, parts: readonly number[], spill: Spill): void => {
    const before = partsOf.get(state) ?? []
    if (before.length === 0 && parts.length === 0) return
    spill.onDurable(() => {
      const last = partsOf.get(state) ?? []
      partsOf.set(state, parts)
      const dropped = last.filter(part => !parts.includes(part))
      if (dropped.length > 0) spill.drop(dropped)
    })
  }
  return {
    seal(state, body, spill) {
      if (body.length <= BODY_BYTES_MAX) {
        replace(state, [], spill)
        return body
      }
      const writer = new ByteWriter()
      writer.byte(IN_PARTS)
      const count = Math.ceil(body.length / BODY_BYTES_MAX)
      const parts = Array.from({length: count}, (_, i) =>
        spill.add(body.subarray(i * BODY_BYTES_MAX, (i + 1) * BODY_BYTES_MAX)),
      )
      replace(state, parts, spill)
      writer.count(count)
      for (const part of parts) writer.count(part)
      return writer.take()
    },
    async open(row, partition) {
      const bytes = row['body'] as Buffer
      if (bytes[0] !== IN_PARTS) return {body: bytes, keep: state => state}
      const names = new ByteReader(bytes.subarray(1))
      const parts = Array.from({length: names.count()}, () => names.count())
      const at = {rollup, partition}
      const bodies = await Promise.all(parts.map(part => reader.read(at, part)))
      return {
        body: Buffer.concat(bodies),
        keep(state) {
          partsOf.set(state, parts)
          return state
        },
      }
    },
  }
}
