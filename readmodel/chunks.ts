/** Lists in pieces, in their order. Pure. */

/** Pieces of so many; the last one is shorter. */
export const chunksOf = <T>(list: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({length: Math.ceil(list.length / size)}, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  )

export interface PackLimits<T> {
  readonly countMax: number
  readonly sizeOf: (one: T) => number
  /** Of all in a pack; what is larger is a pack of its own. */
  readonly sizeMax: number
}

/** Pieces as large as limits allow. */
export function packsOf<T>(
  list: Iterable<T>,
  {countMax, sizeOf, sizeMax}: PackLimits<T>,
): readonly (readonly T[])[] {
  const packs: T[][] = []
  let size = 0
  for (const one of list) {
    const own = sizeOf(one)
    const last = packs.at(-1)
    if (last === undefined || last.length >= countMax || size + own > sizeMax) {
      packs.push([one])
      size = own
    } else {
      last.push(one)
      size += own
    }
  }
  return packs
}
