/** Inserts, updates, moves to another key or id, and deletes of a drawn table; some are rolled back. */
import type {Pool} from '../platform/postgres.ts'
import {quote} from '../platform/sql-names.ts'
import type {AnyColumn, Random} from './any-table.ts'
import {pick} from './any-table.ts'

type Written = Pick<AnyColumn, 'name' | 'nullable' | 'draw'>

/** A table, and what names its rows. */
interface Target {
  readonly table: string
  readonly id: Pick<AnyColumn, 'name'>
}

const drawOf = (random: Random, column: Written): string | null =>
  column.nullable && random(5) === 0 ? null : column.draw(random)

interface Statement {
  readonly text: string
  readonly values: readonly (string | null)[]
}

/** Some row: which one is PostgreSQL's to say. */
const SOME = (any: Target): string =>
  `${quote(any.id.name)} = (SELECT ${quote(any.id.name)} FROM ${any.table} ORDER BY md5(${quote(any.id.name)}::text || $1::text) LIMIT 1)`

interface Drawn {
  readonly columns: readonly Written[]
  /** Those that updates change. */
  readonly changed: readonly Written[]
}

function drawStatement(any: Target, random: Random, {columns, changed}: Drawn): Statement {
  const roll = random(12)
  if (roll < 6) {
    const many = 1 + random(3)
    const values = Array.from({length: many}, () => columns.map(one => drawOf(random, one))).flat()
    const places = Array.from({length: many}, (_, row) => {
      const own = columns.map((_column, i) => `$${row * columns.length + i + 1}`)
      return `(${own.join(', ')})`
    })
    return {
      text: `INSERT INTO ${any.table} (${columns.map(({name}) => quote(name)).join(', ')}) VALUES ${places.join(', ')} ON CONFLICT DO NOTHING`,
      values,
    }
  }
  const mark = String(random(1e9))
  if (roll === 6) return {text: `DELETE FROM ${any.table} WHERE ${SOME(any)}`, values: [mark]}
  // Its key and its id move, too.
  const column = pick(random, changed)
  return {
    text: `UPDATE ${any.table} SET ${quote(column.name)} = $2 WHERE ${SOME(any)}`,
    values: [mark, drawOf(random, column)],
  }
}

/**
 * @param columns those that are there by now
 * @param changed those that updates change: all of them when left out
 */
export async function writeAnyHistory(
  pool: Pool,
  any: Target,
  {
    random,
    steps,
    columns,
    changed = columns,
  }: Pick<Drawn, 'columns'> & Partial<Drawn> & {random: Random; steps: number},
): Promise<void> {
  const client = await pool.connect()
  try {
    for (let left = steps; left > 0;) {
      await client.query('BEGIN')
      for (let together = 1 + random(4); together > 0 && left > 0; together--, left--) {
        const {text, values} = drawStatement(any, random, {columns, changed})
        await client.query(text, [...values])
      }
      await client.query(random(10) === 0 ? 'ROLLBACK' : 'COMMIT')
    }
  } finally {
    client.release()
  }
}
