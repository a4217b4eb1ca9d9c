/** Baskets: lines of one order, by somebody who is known or not; a few lines are returned or corrected later. */
import {momentOf, type Change, type OrderLineRow, type Source} from './changes.ts'
import {anyCity, anyCountry} from './countries.ts'
import type {Population} from './population.ts'
import {openShop} from './products.ts'
import {homeOf} from './profiles.ts'
import {anyOf, createRandom, roundTo, seedOf, uuidOf, weighted, type Random} from './random.ts'

export interface OrdersOptions {
  readonly seed: number
  /** Order ids follow from it, too: each run has new ones. */
  readonly startMs: number
  readonly products: number
}

type Line = Extract<Change, {stream: 'orders'; op: 'insert'}>

const LINES_MAX = 8
/** That one more line follows. */
const ONE_MORE = 0.52
const GUESTS = 0.08
/** Who orders from where he lives; others from another city of the country. */
const AT_HOME = 0.87
/** Chance, with each basket, that a line of an earlier one comes back or was wrong. */
const RETURNED = 0.04
const CORRECTED = 0.02
/** Lines that may still come back. */
export const RETURNABLE = 2000
const DISCOUNTS = [0.9, 0.8, 0.75] as const
const pickQuantity = weighted([80, 13, 4, 2, 1])

export function createOrders(population: Population, options: OrdersOptions): Source {
  const {seed, startMs} = options
  const random = createRandom(seedOf(seed, 'orders'))
  const ids = createRandom(seedOf(seed, 'order ids', startMs))
  const shop = openShop(seed, options.products)
  const returnable: OrderLineRow[] = []

  const basket = (atMs: number): readonly Line[] => {
    const user = random() < GUESTS ? null : population.comes(random, atMs)
    const common = {
      order_id: uuidOf(ids),
      user_id: user?.id ?? null,
      place: placeOf(seed, user?.id, random),
      ordered_at: momentOf(atMs),
    }
    const lines = new Map<string, Line>()
    do {
      const {name, category, price} = shop.pick(random)
      const quantity = 1 + pickQuantity(random())
      const row = {...common, product: name, category, price, quantity}
      lines.set(name, {stream: 'orders', op: 'insert', row})
    } while (lines.size < Math.min(LINES_MAX, options.products) && random() < ONE_MORE)
    return [...lines.values()]
  }
  const takeReturnable = (): OrderLineRow | undefined =>
    returnable.splice(Math.floor(random() * returnable.length), 1)[0]
  const afterwards = (): readonly Change[] => {
    const what = random()
    if (what >= RETURNED + CORRECTED) return []
    const line = takeReturnable()
    if (line === undefined) return []
    return [what < RETURNED ? returnOf(line) : correctionOf(line, random)]
  }
  return {
    next(atMs) {
      const earlier = afterwards()
      const lines = basket(atMs)
      returnable.push(...lines.map(({row}) => row))
      returnable.splice(0, Math.max(0, returnable.length - RETURNABLE))
      return [...earlier, ...lines]
    },
  }
}

function placeOf(seed: number, userId: string | undefined, random: Random): string {
  if (userId === undefined) return anyCity(random, anyCountry(random))
  const {country, city} = homeOf(seed, userId)
  return random() < AT_HOME ? city : anyCity(random, country)
}

const returnOf = ({order_id, product}: OrderLineRow): Change => ({
  stream: 'orders',
  op: 'delete',
  row: {order_id, product},
})

/** One piece less where there were several, else a price that was too high. */
function correctionOf({order_id, product, price, quantity}: OrderLineRow, random: Random): Change {
  const lower = anyOf(random, DISCOUNTS)
  const row =
    quantity > 1
      ? {order_id, product, price, quantity: quantity - 1}
      : {order_id, product, price: roundTo(price * lower, 2), quantity}
  return {stream: 'orders', op: 'update', row}
}
