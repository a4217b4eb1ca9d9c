/** Rows of rollups: those that are asked for at about the same time are read together. */
import type {RollupPlan} from '../../readmodel/plan.ts'
import type {EntityView, StreamReads} from '../../readmodel/stream-reads.ts'
import {mergeReads} from '../merge-reads.ts'
import {readOptions} from './figures.ts'

type ReadOne = (key: string) => Promise<EntityView | undefined>

export interface ViewAsked {
  readonly rollup: RollupPlan
  readonly key: string
  /** Figures that are wanted of it; all when left out. */
  readonly names?: ReadonlySet<string> | undefined
}

/** @returns reads one row, of the generation that `reads` is of; undefined when there is none */
export function createViews(): (
  reads: StreamReads,
  asked: ViewAsked,
) => Promise<EntityView | undefined> {
  const merged = new WeakMap<StreamReads, Map<string, ReadOne>>()
  return async (reads, {rollup, key, names}) => {
    const options = readOptions(rollup, names)
    const id = `${rollup.id} ${options.uniques}`
    const own = merged.get(reads) ?? new Map<string, ReadOne>()
    merged.set(reads, own)
    let readOne = own.get(id)
    if (readOne === undefined) {
      readOne = mergeReads(async keys => await reads.rollup(rollup).entities(keys, options))
      own.set(id, readOne)
    }
    return await readOne(key)
  }
}
