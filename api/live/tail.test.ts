/** Live records of all partitions, with records made up here. */
import {pino} from 'pino'
import {expect, test} from 'vitest'
import type {RecordReader} from '../../platform/kafka-reader.ts'
import {createMetrics} from '../../platform/metrics.ts'
import {activity} from '../../streams/sample/activity.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {createApiMetrics} from '../metrics.ts'
import {createHub} from './hub.ts'
import {createTail} from './tail.ts'

const HUB = {
  bufferBytesMax: 100_000,
  heartbeatMs: 60_000,
  lifeMsMax: 600_000,
  clientsMax: 3,
  perAddressMax: 2,
}

test('an id names every partition, so that the first record of a quiet one is not missed', async () => {
  const log = pino({level: 'silent'})
  const hub = createHub({log, metrics: createApiMetrics(createMetrics())}, HUB)
  const listener = hub.open('activity', {address: 'x'})
  const stop = new AbortController()
  const record = {offset: 7, timestampMs: 0, key: null, value: Buffer.from('x'), headers: {}}
  const reader: Pick<RecordReader, 'fetch'> = {
    fetch: async from =>
      await Promise.resolve(
        from
          .filter(
            ({topic, partition, offset}) =>
              topic === 'user_activity' && partition === 1 && offset === 7,
          )
          .map(one => ({
            ...one,
            records: [{...one, ...record}],
            next: 8,
            isGone: false,
            begin: 0,
            end: 8,
          })),
      ),
  }
  const tail = createTail(
    {
      hub,
      log,
      reader: reader as RecordReader,
      admin: async () =>
        await Promise.resolve({
          offsets: async () =>
            await Promise.resolve([
              {partition: 0, begin: 0, end: 0},
              {partition: 1, begin: 7, end: 7},
            ]),
        }),
      decoder: {
        decode: async () =>
          await Promise.resolve({schemaId: null, value: undefined, error: 'no schema'}),
      },
    },
    {topicPrefix: '', streams: [activity, engagement]},
  )
  const running = tail.run(stop.signal)
  await tail.primed()
  let text = ''
  for await (const chunk of listener.body) {
    text += String(chunk)
    if (text.includes('id: ')) break
  }
  expect(/^id: (.+)$/m.exec(text)?.[1]).toBe('e0.0,e1.7,a0.0,a1.8')
  // The decoder gives undefined for what it cannot decode; the message says null.
  expect(JSON.parse(/^data: (.+)$/m.exec(text)![1]!)).toEqual({
    partition: 1,
    offset: 7,
    at: '1970-01-01T00:00:00.000000Z',
    value: null,
    error: 'no schema',
  })
  stop.abort()
  await running
  hub.close()
})
