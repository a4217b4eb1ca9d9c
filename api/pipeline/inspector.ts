/** Looks into topics: partitions, configuration, records by offset, time or key. */
import {partitionFor} from '../../contracts/partition.ts'
import type {ConsumedRecord, KafkaAdmin, PartitionOffsets} from '../../platform/kafka.ts'
import type {FetchFrom, RecordReader} from '../../platform/kafka-reader.ts'
import type {MessageView} from '../schemas/admin.ts'
import type {AnyDecoder} from './decode-any.ts'

export interface MessageRequest {
  readonly topic: string
  readonly partition?: number | undefined
  /** From this offset upwards. */
  readonly offset?: number | undefined
  /** From this time upwards, milliseconds. */
  readonly since?: number | undefined
  readonly key?: string | undefined
  readonly limit: number
  readonly newestFirst: boolean
}

export interface Inspector {
  messages(request: MessageRequest): Promise<{
    readonly items: readonly MessageView[]
    readonly partitions: readonly PartitionOffsets[]
    /** True when a search by key stopped at its limit of looked-at records. */
    readonly incomplete: boolean
  }>
  /** One record, or undefined when it is gone. */
  message(topic: string, partition: number, offset: number): Promise<MessageView | undefined>
}

const RAW_BYTES_SHOWN = 65_536
const FETCH_BYTES = 4_194_304
const LOOKED_AT_MAX = 50_000

const toText = (bytes: Buffer | string | undefined): string =>
  bytes === undefined ? '' : bytes.toString()

/**
 * Where to start in a partition.
 *
 * @param share how many records are wanted from each partition, when the newest are
 */
export function startOf(
  {begin, end}: PartitionOffsets,
  request: Pick<MessageRequest, 'offset' | 'newestFirst'>,
  sinceOffset: number | undefined,
  share: number,
): number {
  const {offset, newestFirst} = request
  if (offset !== undefined) return Math.min(Math.max(offset, begin), end)
  if (sinceOffset !== undefined) return Math.max(sinceOffset, begin)
  return newestFirst ? Math.max(begin, end - share) : begin
}

export function createInspector(deps: {
  readonly admin: () => Promise<Pick<KafkaAdmin, 'offsets'>>
  readonly reader: RecordReader
  readonly decoder: AnyDecoder
}): Inspector {
  const {reader, decoder} = deps

  const toView = async (record: ConsumedRecord): Promise<MessageView> => {
    const {value} = record
    const decoded = await decoder.decode(value)
    return {
      partition: record.partition,
      offset: record.offset,
      timestamp: new Date(record.timestampMs).toISOString(),
      key: record.key === null ? null : record.key.toString(),
      value: decoded.value ?? null,
      schema_id: decoded.schemaId,
      error: decoded.error,
      headers: Object.fromEntries(
        Object.entries(record.headers).map(([name, header]) => [name, toText(header)]),
      ),
      value_bytes: value?.length ?? 0,
      raw: value === null ? null : value.subarray(0, RAW_BYTES_SHOWN).toString('base64'),
    }
  }

  /** Records from the starts to the ends known at the beginning, as many as wanted and matching. */
  const collect = async (
    starts: readonly (FetchFrom & {readonly end: number})[],
    wanted: {readonly max: number; readonly matches: (record: ConsumedRecord) => boolean},
  ): Promise<{readonly records: readonly ConsumedRecord[]; readonly incomplete: boolean}> => {
    const records: ConsumedRecord[] = []
    let open = starts.filter(({offset, end}) => offset < end)
    let looked = 0
    while (open.length > 0 && records.length < wanted.max && looked < LOOKED_AT_MAX) {
      const answers = await reader.fetch(open, {bytesMax: FETCH_BYTES, waitMs: 100})
      const next: (FetchFrom & {readonly end: number})[] = []
      for (const from of open) {
        const answer = answers.find(one => one.partition === from.partition)
        const got = (answer?.records ?? []).filter(record => record.offset < from.end)
        looked += got.length
        records.push(...got.filter(wanted.matches))
        const last = got.at(-1)
        // Nothing although there should be something: it was removed meanwhile.
        if (last !== undefined && last.offset + 1 < from.end) {
          next.push({...from, offset: last.offset + 1})
        }
      }
      open = next
    }
    return {records, incomplete: open.length > 0 && records.length < wanted.max}
  }

  return {
    async messages(request) {
      const {topic, key, limit, newestFirst, since} = request
      const admin = await deps.admin()
      const partitions = await admin.offsets(topic)
      const only = key === undefined ? request.partition : partitionFor(key, '', partitions.length)
      const chosen = partitions.filter(({partition}) => only === undefined || partition === only)
      const sinceOffsets = since === undefined ? undefined : await reader.offsetsAt(topic, since)
      // A key may be anywhere in its partition: the newest are looked for from further back.
      const share = key === undefined ? limit : LOOKED_AT_MAX
      const starts = chosen.map(one => ({
        topic,
        partition: one.partition,
        offset: startOf(one, request, sinceOffsets?.get(one.partition), share),
        end: one.end,
      }))
      const keyBytes = key === undefined ? undefined : Buffer.from(key)
      const {records, incomplete} = await collect(starts, {
        max: newestFirst ? Infinity : limit,
        matches: record =>
          keyBytes === undefined || (record.key !== null && keyBytes.equals(record.key)),
      })
      const direction = newestFirst ? -1 : 1
      const sorted = records.toSorted(
        (a, b) => direction * (a.timestampMs - b.timestampMs || a.offset - b.offset),
      )
      const items = await Promise.all(sorted.slice(0, limit).map(toView))
      return {items, partitions: chosen, incomplete}
    },
    async message(topic, partition, offset) {
      const [answer] = await reader.fetch([{topic, partition, offset}], {
        bytesMax: FETCH_BYTES,
        waitMs: 100,
      })
      const record = answer?.records.find(one => one.offset === offset)
      return record === undefined ? undefined : await toView(record)
    },
  }
}
