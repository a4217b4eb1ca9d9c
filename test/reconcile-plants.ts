/** Faults as they could be in the stores, with timestamps as the engine gives them: a later record wins over them. */
import {partitionFor} from '../contracts/partition.ts'
import {DEFAULT_PARTITIONS} from '../contracts/topics.ts'
import type {CqlParams, CqlRow} from '../platform/cassandra.ts'
import {toBigintBytes} from '../platform/cassandra.ts'
import type {Bucket} from '../readmodel/bucket.ts'
import type {Entity} from '../readmodel/entity.ts'
import {entryOf} from '../readmodel/hyperloglog.ts'
import {createPartReader} from '../readmodel/parts.ts'
import {planStream, type RowState} from '../readmodel/plan.ts'
import {createRollupTable} from '../readmodel/rollup-table.ts'
import {engagement} from '../streams/sample/engagement.ts'
import type {PipelineWorld} from './pipeline-world.ts'

const plan = planStream(engagement)
const rollup = plan.rollups[0]!
const stateOf = (kind: RowState['spec']['kind']): RowState =>
  rollup.states.find(({spec}) => spec.kind === kind)!

const partitionOf = (content: string): number => partitionFor(content, '', DEFAULT_PARTITIONS)

/** One more than an event ever wrote: it wins over what is there, and loses against what comes. */
const above = (written: unknown): Buffer => toBigintBytes(BigInt(String(written)) + 1n)

type Change = (entity: Entity) => void

/** A part of the root that counts something. */
const partOf = ({totalParts}: Entity): Bucket => totalParts.find(({places}) => places.length > 0)!

export const CHANGES = {
  count: entity => {
    const {numbers} = partOf(entity)
    numbers[0] = Number(numbers[0]) + 1
  },
  sum: entity => {
    const {numbers} = partOf(entity)
    const at = stateOf('sum').at + 1
    numbers[at] = Number(numbers[at]) + 1000
  },
  unique: entity => {
    const bucket = partOf(entity)
    const sketch = bucket.sketch(stateOf('uniques').at)!
    for (let i = 1; i <= 20; i++) {
      sketch.add(bucket.places[0]!, entryOf({low: i * 7919, high: i * 104_729}))
    }
  },
} as const satisfies Record<string, Change>

/** Changes the root of a content. */
export async function plantRoot(
  {cassandra}: PipelineWorld,
  content: string,
  change: Change,
): Promise<void> {
  const partition = partitionOf(content)
  const table = createRollupTable(cassandra, rollup, createPartReader(cassandra))
  const entity = (await table.root(content, partition))!
  change(entity)
  const naming = {namePart: () => 1, drop: () => undefined}
  const offset = entity.total.guard
  // As if it included a record more, and had not been written.
  const {rows} = table.encode(content, entity, {partition, offset: offset + 0.5}, naming)
  for (const {statement} of rows) {
    const [written] = await cassandra.rows(
      `SELECT writetime(body) AS written FROM ${rollup.table}
       WHERE src_partition = ? AND slice = ? AND start = ? AND content_id = ?`,
      statement.params.slice(0, 4),
    )
    const params = [...statement.params.slice(0, -1), above(written!['written'])]
    await cassandra.execute(statement.query, params)
  }
}

async function rowsOf({cassandra}: PipelineWorld, content: string): Promise<readonly CqlRow[]> {
  const rows = await cassandra.rows(
    `SELECT src_partition, slice, start, content_id, events, body, writetime(body) AS written
     FROM ${rollup.table}`,
  )
  return rows.filter(row => row['content_id'] === content)
}

/** A closed bucket of a content: the oldest minute. */
async function closedMinute(world: PipelineWorld, content: string): Promise<CqlRow> {
  const isClosed = (row: CqlRow): boolean =>
    String(row['slice']).startsWith('minute') && (row['body'] as Buffer).length > 0
  return (await rowsOf(world, content)).find(isClosed)!
}

const keyOf = ({src_partition, slice, start, content_id}: CqlRow): CqlParams =>
  [src_partition, slice, start, content_id] as CqlParams

/** The bucket of one content as that of another. */
export async function plantBucket(world: PipelineWorld, of: string, as: string): Promise<void> {
  const [own, other] = [await closedMinute(world, of), await closedMinute(world, as)]
  await world.cassandra.execute(
    `UPDATE ${rollup.table} USING TIMESTAMP ? SET body = ?
     WHERE src_partition = ? AND slice = ? AND start = ? AND content_id = ?`,
    [above(own['written']), other['body'] as Buffer, ...keyOf(own)],
  )
}

export async function loseBucket(world: PipelineWorld, content: string): Promise<void> {
  await loseRow(world, await closedMinute(world, content))
}

export async function loseRoot(world: PipelineWorld, content: string): Promise<void> {
  const rows = await rowsOf(world, content)
  await loseRow(
    world,
    rows.find(row => String(row['slice']).startsWith('total'))!,
  )
}

async function loseRow({cassandra}: PipelineWorld, row: CqlRow): Promise<void> {
  await cassandra.execute(
    `DELETE FROM ${rollup.table} USING TIMESTAMP ?
     WHERE src_partition = ? AND slice = ? AND start = ? AND content_id = ?`,
    [above(row['written']), ...keyOf(row)],
  )
}

async function rawRow({cassandra}: PipelineWorld, content: string): Promise<CqlRow> {
  const rows = await cassandra.rows(
    `SELECT src_partition, block, event_id, content_id, duration_ms, meta, writetime(meta) AS written
     FROM engagement_metrics`,
  )
  return rows.find(row => String(row['content_id']) === content)!
}

export async function loseRaw(world: PipelineWorld, content: string): Promise<void> {
  const {src_partition, block, event_id, written} = await rawRow(world, content)
  await world.cassandra.execute(
    'DELETE FROM engagement_metrics USING TIMESTAMP ? WHERE src_partition = ? AND block = ? AND event_id = ?',
    [above(written), src_partition, block, event_id] as CqlParams,
  )
}

export async function changeRaw(world: PipelineWorld, content: string): Promise<void> {
  const {src_partition, block, event_id, written} = await rawRow(world, content)
  await world.cassandra.execute(
    `UPDATE engagement_metrics USING TIMESTAMP ? SET duration_ms = ?
     WHERE src_partition = ? AND block = ? AND event_id = ?`,
    [above(written), 7, src_partition, block, event_id] as CqlParams,
  )
}

/** A raw row of an event that nobody wrote. */
export async function addStray(world: PipelineWorld, content: string, id: number): Promise<void> {
  const {src_partition, content_id, meta, written} = await rawRow(world, content)
  const block = Math.floor(id / 65_536)
  await world.cassandra.execute(
    `INSERT INTO engagement_metrics (src_partition, block, event_id, content_id, event_type, meta)
     VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`,
    [
      src_partition,
      toBigintBytes(BigInt(block)),
      toBigintBytes(BigInt(id)),
      content_id,
      'play',
      meta,
      above(written),
    ] as CqlParams,
  )
}
