/**
 * One partition's life: take it, fold its records, keep both stores up to date, give it back.
 *
 * Guarantees    INV-30 to INV-59, each in the file that enforces it.
 * Does not      know what a stream means, nor which client reads Kafka.
 */
import type {TopicPartition} from '../platform/kafka.ts'
import {runLoops, type Loop} from '../platform/lifecycle.ts'
import {createAwaited} from './awaited.ts'
import {createCheckpointer} from './checkpointer.ts'
import type {ProcessorConfig} from './config.ts'
import {createInbox, type Inbox} from './inbox.ts'
import {createIntake} from './intake.ts'
import {createLiveWriter} from './live-writer.ts'
import {createMender} from './mend.ts'
import {patienceOf, type OwnerDeps, type OwnerShared} from './owner-shared.ts'
import {openPartition} from './partition-start.ts'
import {nameOf} from './partition-state.ts'
import {createPatches} from './patches.ts'
import {createRawWriter} from './raw-writer.ts'
import {createTurns} from '../platform/turns.ts'
import {createWake} from './wake.ts'

export interface PartitionOwner extends Loop {
  /** Hands over the next records; resolves when there is room for more. */
  readonly push: Inbox['push']
}

export function createPartitionOwner(
  name: TopicPartition,
  deps: OwnerDeps,
  config: ProcessorConfig,
): PartitionOwner {
  const inbox = createInbox(config.queueRecordsMax)

  const own = async (signal: AbortSignal): Promise<void> => {
    const {stream} = deps.stores.plan
    const patience = patienceOf(deps, {stream: stream.name, retryMs: config.retryMs})
    const state = openPartition(name, deps)
    const shared: OwnerShared = {
      state,
      work: createWake(),
      progress: createWake(),
      awaited: createAwaited(() => performance.now()),
      between: createTurns(),
      patience,
    }
    const checkpointer = createCheckpointer(shared, deps, config)
    const loops = [
      createIntake(shared, deps, inbox, config),
      createRawWriter(shared, deps, config),
      createLiveWriter(shared, deps, config),
      ...checkpointer.loops,
      createMender(shared, deps, config),
      ...(stream.shows.length === 0 ? [] : [createPatches(shared, deps, config)]),
    ]
    try {
      await runLoops(loops, signal)
      await checkpointer.finish()
    } finally {
      state.cache.drop()
    }
  }

  return {
    name: nameOf(name),
    push: (records, endOffset) => inbox.push(records, endOffset),
    async run(signal) {
      try {
        await own(signal)
      } finally {
        inbox.close()
      }
    },
  }
}
