/** A list in pieces of so many; the last one is shorter. */
export const chunksOf = <T>(list: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({length: Math.ceil(list.length / size)}, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  )
