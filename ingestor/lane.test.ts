import {expect, test} from 'vitest'
import {PipelineError} from '../platform/errors.ts'
import {createLaneMemory, learnFrom} from './lane.ts'
import type {OutboxRow} from './outbox-reader.ts'

const rows = [{id: 1}, {id: 2}] as unknown as readonly OutboxRow[]
const tooLarge = new PipelineError('RECORD_TOO_LARGE', 'too large', {disposition: 'dead-letter'})

test('a batch that the broker refuses is sent row by row, then the one row is put aside', () => {
  const memory = createLaneMemory()
  learnFrom({error: tooLarge, rows}, memory)
  expect(memory).toMatchObject({narrow: 2, condemned: new Map()})
  learnFrom({error: tooLarge, rows: rows.slice(0, 1)}, memory)
  expect(memory.condemned.get(1)).toBe(tooLarge)
})

test('an unknown topic is looked up again before anything is put aside', () => {
  const memory = createLaneMemory()
  const error = new PipelineError('TOPIC_UNKNOWN', 'no topic', {disposition: 'dead-letter'})
  learnFrom({error, rows}, memory)
  expect(memory).toMatchObject({routesStale: true, narrow: 0, condemned: new Map()})
})

test('a broker that is away says nothing about the rows', () => {
  const memory = createLaneMemory()
  const error = new PipelineError('UPSTREAM_UNAVAILABLE', 'away', {disposition: 'retry'})
  learnFrom({error, rows}, memory)
  expect(memory).toEqual(createLaneMemory())
})
