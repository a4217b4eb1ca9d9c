/** Names of declarations as GraphQL takes them. Pure. */

/** Letters, digits and _; not what begins names of GraphQL itself. */
export function toGraphqlName(text: string): string {
  const plain = text.replaceAll(/\W/g, '_')
  return /^(\d|__|$)/.test(plain) ? `n${plain}` : plain
}

/** In the form of types: `shop.region_status` becomes `ShopRegionStatus`. */
export const toTypeName = (text: string): string =>
  toGraphqlName(text)
    .split('_')
    .map(word => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('') || 'N'

/** What is no value of an enum. */
const WORDS = ['true', 'false', 'null'] as const

/**
 * Gives each name once.
 *
 * @returns the name, with as many _ behind it as make it another one than those given before
 */
export function createNames(taken: Iterable<string> = []): (wanted: string) => string {
  const given = new Set<string>([...WORDS, ...taken])
  return wanted => {
    let name = wanted
    while (given.has(name)) name += '_'
    given.add(name)
    return name
  }
}
