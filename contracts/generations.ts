/** Names of what belongs to one generation of the read model: its keyspace, and the group that folds into it. */

/** The first one has the name that people know; further ones end with their number. */
export const nameOfGeneration = (base: string, number: number): string =>
  number === 1 ? base : `${base}_g${number}`

/** Whether a keyspace or group is that of some generation. */
export const isOfGenerations = (base: string, name: string): boolean =>
  name.startsWith(base) && /^(_g\d+)?$/.test(name.slice(base.length))
