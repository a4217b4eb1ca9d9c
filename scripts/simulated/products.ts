/** What is sold: a few sell most, and what it costs follows from its category. The same seed, the same products. */
import {anyOf, createRandom, normal, roundTo, seedOf, weighted, type Random} from './random.ts'

export interface Product {
  readonly name: string
  readonly category: string
  readonly price: number
}

interface Category {
  readonly name: string
  /** How many of the products, compared with others. */
  readonly weight: number
  /** The middle price; two thirds are within a factor of `spread`. */
  readonly price: number
  readonly spread: number
  readonly bounds: readonly [least: number, most: number]
  readonly nouns: readonly string[]
}

export const CATEGORIES: readonly Category[] = [
  {
    name: 'Electronics',
    weight: 18,
    price: 120,
    spread: 2.4,
    bounds: [9, 2500],
    nouns: [
      'Headphones',
      'Keyboard',
      'Monitor',
      'Speaker',
      'Charger',
      'Camera',
      'Tablet',
      'Router',
    ],
  },
  {
    name: 'Clothing',
    weight: 20,
    price: 38,
    spread: 1.8,
    bounds: [6, 320],
    nouns: ['Shirt', 'Jacket', 'Trousers', 'Dress', 'Sneakers', 'Scarf', 'Coat', 'Socks'],
  },
  {
    name: 'Home',
    weight: 16,
    price: 45,
    spread: 2.1,
    bounds: [4, 900],
    nouns: ['Lamp', 'Chair', 'Blanket', 'Shelf', 'Kettle', 'Pan', 'Mirror', 'Rug'],
  },
  {
    name: 'Books',
    weight: 16,
    price: 16,
    spread: 1.5,
    bounds: [3, 90],
    nouns: ['Novel', 'Cookbook', 'Atlas', 'Biography', 'Dictionary', 'Guide', 'Comic', 'Diary'],
  },
  {
    name: 'Groceries',
    weight: 14,
    price: 6,
    spread: 1.7,
    bounds: [1, 45],
    nouns: ['Coffee', 'Tea', 'Olive Oil', 'Dates', 'Honey', 'Rice', 'Chocolate', 'Nuts'],
  },
  {
    name: 'Beauty',
    weight: 9,
    price: 19,
    spread: 1.8,
    bounds: [3, 160],
    nouns: ['Perfume', 'Soap', 'Cream', 'Shampoo', 'Lipstick', 'Lotion', 'Brush', 'Serum'],
  },
  {
    name: 'Toys',
    weight: 7,
    price: 24,
    spread: 1.7,
    bounds: [4, 180],
    nouns: ['Puzzle', 'Kite', 'Doll', 'Train', 'Ball', 'Blocks', 'Robot', 'Card Game'],
  },
]

const KINDS = [
  'Classic',
  'Compact',
  'Deluxe',
  'Everyday',
  'Family',
  'Green',
  'Light',
  'Modern',
] as const
const MAKES = ['Amber', 'Birch', 'Cedar', 'Delta', 'Ember', 'Falcon', 'Grove', 'Harbor'] as const
/** Popularity of the n-th product is 1 / n^0.95. */
const ZIPF = 0.95

export interface Shop {
  readonly products: readonly Product[]
  pick(random: Random): Product
}

/** Names are told apart by a number where words do not suffice. */
export function openShop(seed: number, count: number): Shop {
  const random = createRandom(seedOf(seed, 'products'))
  const pickCategory = weighted(CATEGORIES.map(({weight}) => weight))
  const taken = new Set<string>()
  const products = Array.from({length: count}, () => {
    const category = CATEGORIES[pickCategory(random())]!
    const name = freeName(category, random, taken)
    taken.add(name)
    return {name, category: category.name, price: priceOf(category, random)}
  })
  const pick = weighted(products.map((_, rank) => 1 / (rank + 1) ** ZIPF))
  return {products, pick: chance => products[pick(chance())]!}
}

function freeName({nouns}: Category, random: Random, taken: ReadonlySet<string>): string {
  const name = `${anyOf(random, MAKES)} ${anyOf(random, KINDS)} ${anyOf(random, nouns)}`
  let free = name
  for (let edition = 2; taken.has(free); edition++) free = `${name} ${edition}`
  return free
}

/** Log-normal within bounds, and as shops like it: .99, .49 or whole. */
function priceOf({price, spread, bounds: [least, most]}: Category, random: Random): number {
  const whole = Math.floor(Math.exp(Math.log(price) + Math.log(spread) * normal(random)))
  const ending = anyOf(random, [0.99, 0.99, 0.49, 0])
  return roundTo(Math.min(most, Math.max(least, whole + ending)), 2)
}
