/** How handlers hear of what is owned, and what is acknowledged. */
import {expect, test} from 'vitest'
import {PipelineError} from '../platform/errors.ts'
import {requireAnswers} from '../platform/kafka-chunks.ts'
import {createOwnership} from '../platform/kafka-ownership.ts'
import type {TopicPartition} from '../platform/kafka.ts'

const p = (...partitions: number[]): TopicPartition[] =>
  partitions.map(partition => ({topic: 't', partition}))

function setup() {
  const told: string[] = []
  const waits: Array<() => void> = []
  const text = (list: readonly TopicPartition[]): string => list.map(x => x.partition).join()
  let slow = false
  const ownership = createOwnership({
    handlers: {
      async onAssigned(list) {
        told.push(`+${text(list)}`)
        if (slow) await new Promise<void>(resolve => waits.push(resolve))
      },
      async onRevoked(list) {
        told.push(`-${text(list)}`)
      },
      onError: error => told.push(error.message),
    },
    prepare: async list => void told.push(`?${text(list)}`),
    onReady: () => told.push('ready'),
  })
  const slowDown = (): void => {
    slow = true
  }
  return {ownership, told, waits, slowDown}
}

test('a partition that stays is taken away and given anew: somebody may have written meanwhile', async () => {
  const {ownership, told} = setup()
  ownership.replace(p(0, 1))
  await ownership.settled
  ownership.replace(p(1))
  await ownership.settled
  expect(told).toEqual(['?0,1', '+0,1', 'ready', '-0,1', '?1', '+1', 'ready'])
})

test('INV-21: what is owned changes at once, before the handlers have heard of it', () => {
  const {ownership} = setup()
  ownership.replace(p(0))
  expect(ownership.owns(p(0)[0]!)).toBe(true)
  ownership.replace([])
  expect(ownership.owns(p(0)[0]!)).toBe(false)
})

test('an assignment that is gone before its turn is never told', async () => {
  const {ownership, told} = setup()
  ownership.replace(p(0))
  ownership.replace([])
  ownership.replace(p(2))
  await ownership.settled
  expect(told).toEqual(['?2', '+2', 'ready'])
})

test('an assignment that is gone while it is told is taken away after it, and never ready', async () => {
  const {ownership, told, waits, slowDown} = setup()
  slowDown()
  ownership.replace(p(0))
  while (waits.length === 0) await Promise.resolve()
  ownership.replace([])
  waits[0]!()
  await ownership.settled
  expect(told).toEqual(['?0', '+0', '-0'])
})

test('INV-20: a request of which a partition was left out is no success', () => {
  const record = (partition: number) => ({partition, key: null, value: null})
  const request = [{topic: 't', records: [record(0), record(4)]}]
  expect(() => requireAnswers(request, p(0))).toThrow(PipelineError)
  expect(() => requireAnswers(request, [...p(0), {topic: 'other', partition: 4}])).toThrow(/t\/4/)
  expect(() => requireAnswers(request, p(0, 4))).not.toThrow()
})
