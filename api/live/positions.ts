/** Where a reader of raw records is: the next offset of every partition, as Last-Event-ID. */

export type Positions = ReadonlyMap<string, number>

/** `topic-letter + partition + . + offset`, e.g. `e0.17,e1.4,a0.9`. */
export function formatPositions(positions: Positions): string {
  return [...positions].map(([partition, offset]) => `${partition}.${offset}`).join(',')
}

const PART = /^([ea]\d{1,4})\.(\d{1,15})$/
const PARTS_MAX = 512

/** @returns undefined when the text is not one of ours */
export function parsePositions(text: string): Positions | undefined {
  const positions = new Map<string, number>()
  const parts = text.split(',')
  if (parts.length > PARTS_MAX) return undefined
  for (const part of parts) {
    const match = PART.exec(part)
    if (match === null) return undefined
    positions.set(match[1]!, Number(match[2]))
  }
  return positions
}

export interface Recalled<T> {
  readonly records: readonly T[]
  /** Records that were sent meanwhile but are not remembered any more; null when not known. */
  readonly missed: number | null
}

/** The latest records, to go on from where a connection was lost. */
export interface Recall<T> {
  add(partition: string, offset: number, record: T): void
  since(positions: Positions): Recalled<T>
}

export function createRecall<T>(max: number): Recall<T> {
  const latest: {readonly partition: string; readonly offset: number; readonly record: T}[] = []
  const oldest = new Map<string, number>()
  return {
    add(partition, offset, record) {
      latest.push({partition, offset, record})
      if (!oldest.has(partition)) oldest.set(partition, offset)
      if (latest.length <= max) return
      const gone = latest.shift()!
      oldest.set(gone.partition, gone.offset + 1)
    },
    since(positions) {
      let missed: number | null = 0
      for (const [partition, first] of oldest) {
        const from = positions.get(partition)
        if (from === undefined) missed = null
        else if (missed !== null && from < first) missed += first - from
      }
      const records = latest
        .filter(({partition, offset}) => offset >= (positions.get(partition) ?? Infinity))
        .map(({record}) => record)
      return {records, missed}
    },
  }
}
