import {pino} from 'pino'
import {expect, test} from 'vitest'
import {createMetrics} from '../../platform/metrics.ts'
import {PipelineError} from '../../platform/errors.ts'
import type {ConsumedRecord, KafkaAdmin, SubscriberHandlers} from '../../platform/kafka.ts'
import {readings} from '../../test/streams-alerts/readings.ts'
import type {OddReading} from './anomaly-readings.ts'
import {createAnomalyWatch} from './anomaly-watch.ts'
import {createAlertMetrics} from './metrics.ts'

const TOPIC = 'readings'
const AT = {topic: TOPIC, partition: 0}

/** Readings around 20, with odd ones at some offsets. */
function recordsOf(count: number, odd: readonly number[]): readonly ConsumedRecord[] {
  return Array.from({length: count}, (_, offset) => {
    const value = odd.includes(offset) ? 500 : 20 + ((offset * 7) % 11) / 10
    const row = {op: 'c', id: offset, device: 'd1', sensor: 'heat', value, measured_at: 0}
    return {
      ...AT,
      offset,
      timestampMs: 0,
      key: null,
      value: Buffer.from(JSON.stringify(row)),
      headers: {},
    }
  })
}

/** One partition whose log ends before the records that come later. */
function setup({
  committed,
  end,
  failures = 0,
}: {
  committed: number
  end: number
  failures?: number
}) {
  const told: string[] = []
  let left = failures
  let handlers: SubscriberHandlers | undefined
  const started = Promise.withResolvers<void>()
  const watch = createAnomalyWatch(
    {
      stream: readings,
      openAdmin: async () =>
        await Promise.resolve({
          groupOffsets: async () => await Promise.resolve([{...AT, offset: committed}]),
          offsets: async () => await Promise.resolve([{partition: 0, begin: 0, end}]),
          close: async () => await Promise.resolve(),
        } as unknown as KafkaAdmin),
      openSubscriber: () => ({
        async run(given) {
          handlers = given
          await given.onAssigned([AT])
          started.resolve()
        },
        async commit([at]) {
          told.push(`committed ${at!.offset}`)
          await Promise.resolve()
        },
        seek: (_at, offset) => void told.push(`from ${offset}`),
        close: async () => await Promise.resolve(),
      }),
      decoder: {
        decode: value => JSON.parse(value.toString()) as unknown,
        prepare: async () => await Promise.resolve(),
      },
      table: {
        async add(some: readonly OddReading[]) {
          if (left > 0) {
            left -= 1
            throw new PipelineError('UPSTREAM_UNAVAILABLE', 'away', {disposition: 'retry'})
          }
          told.push(`odd ${some.map(({id}) => id).join()}`)
          await Promise.resolve()
        },
        resolve: async () => await Promise.resolve(0),
      },
      metrics: createAlertMetrics(createMetrics()),
      log: pino({level: 'silent'}),
    },
    {topic: TOPIC, groupId: 'g', learnedRecords: 50, sensorsMax: 10, resolveEveryMs: 60_000},
  )
  const stop = new AbortController()
  const ended = watch.run(stop.signal)
  return {
    told,
    async deliver(records: readonly ConsumedRecord[]) {
      await started.promise
      await handlers!.onBatch(AT, records, end)
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
    },
  }
}

test('INV-160: what is before the committed offset is learned from, and what comes after it told before it is committed', async () => {
  await using own = setup({committed: 100, end: 100})
  const records = recordsOf(120, [80, 110])
  await own.deliver(records.slice(50, 100))
  await own.deliver(records.slice(100))
  expect(own.told).toEqual(['from 50', 'committed 100', 'odd 110', 'committed 120'])
})

test('where nobody looked before, what is there is history', async () => {
  await using own = setup({committed: -1, end: 100})
  const records = recordsOf(120, [80, 110])
  await own.deliver(records.slice(50, 100))
  await own.deliver(records.slice(100))
  expect(own.told).toEqual(['from 50', 'committed 100', 'odd 110', 'committed 120'])
})

test('INV-160: what cannot be written is written later, and not committed before', async () => {
  await using own = setup({committed: 0, end: 0, failures: 2})
  await own.deliver(recordsOf(60, [50]))
  expect(own.told).toEqual(['from 0', 'odd 50', 'committed 60'])
})
