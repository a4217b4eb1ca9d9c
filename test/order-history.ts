/** Random orders, as a shop makes and corrects them: seeded, so that a failure can be repeated. */
import type {Pool} from '../platform/postgres.ts'
import {createRandom} from './source-history.ts'

/** What `orders` is declared on. `region_then` is for the test: what the look-up found, as of the last change. */
export const ORDER_SQL = `
CREATE TABLE shops (id integer PRIMARY KEY, region text);
CREATE TYPE order_status AS ENUM ('new', 'paid', 'sent', 'returned');
CREATE TABLE orders (id uuid PRIMARY KEY, shop_id integer, product text, status order_status, buyer uuid,
  amount numeric(12, 2), placed_at timestamptz, region_then text);
CREATE FUNCTION look_up_region() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  NEW.region_then = (SELECT region FROM shops WHERE id = NEW.shop_id);
  RETURN NEW;
END $$;
CREATE TRIGGER look_up_region BEFORE INSERT OR UPDATE ON orders
  FOR EACH ROW EXECUTE FUNCTION look_up_region();
INSERT INTO shops VALUES (1, 'north'), (2, 'north'), (3, 'south'), (4, NULL), (5, '(none)');`

/** Shop 9 is in no table, shop 5 loses all its orders in the end. */
export const SHOPS = [1, 1, 1, 2, 3, 4, 5, 9, null] as const
const REGIONS = ['north', 'south', 'east', '(east)', '', null] as const
const PRODUCTS = ['sofa', 'sofa', 'bed', 'télé 📺', '(none)', '', 'x'.repeat(100), null] as const
const STATUSES = ['new', 'paid', 'paid', 'sent', 'returned', null] as const
const AMOUNTS = ['0', '0.01', '12.50', '99.99', '-20', '9999999999.99', null] as const
/** Where days, hours or offsets of some zone change. */
const EDGES = [
  '2026-03-28T23:00:00Z',
  '2026-03-29T01:00:00Z',
  '2026-03-31T18:30:00Z',
  '2026-04-01T00:00:00Z',
  '2026-04-04T13:00:00Z',
  '2026-04-04T14:30:00Z',
  '2026-04-04T15:00:00Z',
  '2026-04-05T13:30:00Z',
] as const
const DAYS_AGO = [0, 1, 6, 7, 27] as const
const DAY_MS = 86_400_000
const BUYERS = 40

const SET = {
  product: 'product = $2',
  amount: 'amount = $2',
  status: 'status = $2',
  placed_at: 'placed_at = $2',
  shop_id: 'shop_id = $2',
  buyer: 'buyer = $2',
} as const

type Random = ReturnType<typeof createRandom>
const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)]!

function uuidOf(random: Random): string {
  const hex = Array.from({length: 32}, () => random(16).toString(16)).join('')
  const variant = pick(random, ['8', '9', 'a', 'b'])
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}

/** Microseconds since 1970 as PostgreSQL takes them. */
function timeText(micros: number): string {
  const seconds = Math.floor(micros / 1e6)
  const rest = String(micros - seconds * 1e6).padStart(6, '0')
  return new Date(seconds * 1000).toISOString().replace('.000', `.${rest}`)
}

function placedAt(random: Random): string | null {
  const roll = random(20)
  if (roll === 0) return null
  const nowMs = Date.now()
  if (roll < 7) return timeText((nowMs - random(900_000)) * 1000)
  if (roll < 10) return timeText((nowMs - pick(random, DAYS_AGO) * DAY_MS - random(4e6)) * 1000)
  const edge = Date.parse(pick(random, EDGES)) * 1000
  // Several within the seconds before and after it.
  const off = pick(random, [0, -1, 1, random(2e6) - 1e6, random(2e6) - 1e6, random(2e10) - 1e10])
  return timeText(edge + off)
}

export interface OrderHistory {
  /** Random inserts, corrections and deletions, several in some transactions. */
  write(steps: number): Promise<void>
  /** Gives shops other regions. Orders that are not published yet would have the one or the other. */
  changeShops(): Promise<void>
  /** One more order of every shop, moves those of shop 5 away, and says which is a shop's last. */
  finish(): Promise<ReadonlyMap<number, string>>
  readonly live: readonly string[]
  readonly deleted: readonly string[]
}

export function createOrderHistory(pool: Pool, seed: number): OrderHistory {
  const random = createRandom(seed)
  const buyers = Array.from({length: BUYERS}, () => uuidOf(random))
  const live: string[] = []
  const deleted: string[] = []

  const valueOf = (column: keyof typeof SET): string | number | null => {
    switch (column) {
      case 'product':
        return pick(random, PRODUCTS)
      case 'amount':
        return random(2) === 0 ? pick(random, AMOUNTS) : (random(1_000_000) / 100).toFixed(2)
      case 'status':
        return pick(random, STATUSES)
      case 'placed_at':
        return placedAt(random)
      case 'shop_id':
        return pick(random, SHOPS)
      case 'buyer':
        return random(10) === 0 ? null : pick(random, buyers)
      default:
        return column satisfies never
    }
  }
  const insert = async (db: Pick<Pool, 'query'>, shop = valueOf('shop_id')): Promise<string> => {
    const id = uuidOf(random)
    await db.query(
      `INSERT INTO orders (id, shop_id, product, status, buyer, amount, placed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        id,
        shop,
        valueOf('product'),
        valueOf('status'),
        valueOf('buyer'),
        valueOf('amount'),
        valueOf('placed_at'),
      ],
    )
    live.push(id)
    return id
  }
  const step = async (db: Pick<Pool, 'query'>): Promise<void> => {
    const roll = random(10)
    if (roll < 5 || live.length === 0) {
      await insert(db)
      return
    }
    if (roll === 9) {
      const [id] = live.splice(random(live.length), 1)
      deleted.push(id!)
      await db.query('DELETE FROM orders WHERE id = $1', [id])
      return
    }
    const column = pick(random, Object.keys(SET) as (keyof typeof SET)[])
    const text = `UPDATE orders SET ${SET[column]} WHERE id = $1`
    await db.query(text, [pick(random, live), valueOf(column)])
  }

  return {
    live,
    deleted,
    async write(steps) {
      const client = await pool.connect()
      try {
        for (let done = 0; done < steps;) {
          const size = 1 + random(4)
          await client.query('BEGIN')
          for (let i = 0; i < size; i++) await step(client)
          await client.query('COMMIT')
          done += size
        }
      } finally {
        client.release()
      }
    },
    async changeShops() {
      for (const id of [1, 2, 3]) {
        await pool.query('UPDATE shops SET region = $2 WHERE id = $1', [id, pick(random, REGIONS)])
      }
    },
    async finish() {
      await pool.query('UPDATE orders SET shop_id = 2 WHERE shop_id = 5')
      const last = new Map<number, string>()
      for (const shop of [1, 2, 3, 4, 9]) last.set(shop, await insert(pool, shop))
      return last
    },
  }
}
