/**
 * What somebody holds who reads the outbox by id, and knows of changes of the definition: a mark in the outbox
 * says which one was committed where among the records.
 */
import type {Client} from '../platform/postgres.ts'
import {MARKS, TOPIC, type TableState} from './capture-table.ts'

/** Columns with the JSON of their values; undefined: only the table knows it. */
type Image = Map<string, string | undefined>
type Pairs = ReadonlyArray<readonly [string, string]>

/** What a mark says. */
export type Mark =
  | {readonly add: string; readonly value?: unknown}
  | {readonly drop: readonly string[] | null}
  | {readonly rename: readonly [string, string]}
  /** Its values have the same text, as JSON strings from now on. */
  | {readonly quote: string}
  /** Its values were written again without a record. */
  | {readonly blur: string}
  | {readonly primaryKey: readonly string[]}
  /** These values of a column stay in the numbers; null: nobody could look which. */
  | {readonly keep: {readonly column: string; readonly values: readonly string[] | null}}

export interface Entry {
  readonly id: number
  readonly topic: string
  readonly op: 'c' | 'u' | 'd' | 'r'
  readonly key: string | null
  readonly aggregate_id: string
  readonly image: Pairs | null
  readonly before: Pairs | null
  readonly mark: Mark | null
}

interface Held {
  readonly id: string
  readonly key: string | null
  image: Image
  isKept: boolean
}

const unquote = (json: string): string =>
  json.startsWith('"') ? (JSON.parse(json) as string) : json
/** As `::text`: JSON has times in ISO 8601. */
const textOf = (json: string): string =>
  unquote(json).replace(/^(\d{4}-\d\d-\d\d)T([\d:.]+)\+00:00$/, '$1 $2+00')

/** The id of a row, as docs/CAPTURE.md says. */
function idOf(image: Image, primaryKey: readonly string[]): string {
  const texts = primaryKey.map(name => textOf(image.get(name) ?? '?'))
  if (texts.length === 1) return texts[0]!
  return texts.map(text => text.replaceAll('\\', '\\\\').replaceAll(',', '\\,')).join()
}

function changeImage(image: Image, mark: Mark): Image {
  if ('add' in mark) {
    const value = mark.value === undefined ? undefined : JSON.stringify(mark.value)
    return new Map([...image, [mark.add, value]])
  }
  if ('drop' in mark) return new Map([...image].filter(([name]) => !mark.drop?.includes(name)))
  if ('rename' in mark) {
    const [from, to] = mark.rename
    return new Map([...image].map(([name, value]) => [name === from ? to : name, value]))
  }
  if ('quote' in mark) {
    const value = image.get(mark.quote)
    const isPlain = value === undefined || value === 'null'
    return isPlain ? image : new Map(image).set(mark.quote, JSON.stringify(unquote(value)))
  }
  if ('blur' in mark) return new Map(image).set(mark.blur, undefined)
  return image
}

/** Null where they are equal as far as both are known. */
function differenceOf(held: Image, row: Image): string | null {
  const names = new Set([...held.keys(), ...row.keys()])
  for (const name of names) {
    if (!held.has(name)) return `${name} is not in the record`
    if (!row.has(name)) return `${name} is in the record only`
    const [a, b] = [held.get(name), row.get(name)]
    if (a !== undefined && b !== undefined && a !== b) return `${name}: ${a} is ${b} in truth`
  }
  return null
}

const placeOf = (id: string, key: string | null): string => JSON.stringify([id, key])

export interface Reader {
  take(entry: Entry): void
  /** What is otherwise than in the table. */
  compare(rows: readonly TrueRow[]): string[]
}

/** @param isStrict every record must name the row before as it is held */
export function createReader(isStrict: boolean): Reader {
  let held = new Map<string, Held>()
  const found: string[] = []
  const heed = (mark: Mark): void => {
    for (const row of held.values()) row.image = changeImage(row.image, mark)
    if ('keep' in mark) {
      const {column, values} = mark.keep
      for (const row of held.values())
        row.isKept ||= values === null || values.includes(unquote(row.image.get(column) ?? '?'))
    }
    if ('primaryKey' in mark) {
      // What is kept may get the id of a row that is there.
      const all = [...held.values()].toSorted((a, b) => Number(b.isKept) - Number(a.isKept))
      const again = all.map(row => ({...row, id: idOf(row.image, mark.primaryKey)}))
      held = new Map(again.map(row => [placeOf(row.id, row.key), row]))
    }
  }
  return {
    take({id: n, op, key, aggregate_id: id, image, before, mark}) {
      if (mark !== null) return heed(mark)
      const place = placeOf(id, key)
      const was = held.get(place)
      if (isStrict && before !== null && was !== undefined && !was.isKept) {
        const why = differenceOf(was.image, new Map(before))
        if (why !== null) found.push(`record ${n} (${op} ${place}), the row before: ${why}`)
      }
      // It is stored without being looked up.
      if (op === 'c' && was !== undefined && !was.isKept)
        found.push(`record ${n} finds ${place} already there`)
      if (op === 'd') held.delete(place)
      else held.set(place, {id, key, image: new Map(image), isKept: false})
    },
    compare(rows) {
      const left = new Map(held)
      for (const row of rows) {
        const place = placeOf(row.id, row.key)
        const mine = left.get(place)
        left.delete(place)
        const why =
          mine === undefined ? 'is not held' : differenceOf(mine.image, new Map(row.image))
        if (why !== null) found.push(`${place} ${why}`)
      }
      for (const [place, {isKept}] of left) if (!isKept) found.push(`${place} is held, but gone`)
      return found
    },
  }
}

const FIXED = `SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'iso_8601'; SET extra_float_digits = 1;
  SET bytea_output = 'hex'; SET search_path = pg_catalog`

const pairsOf = (image: string): string =>
  `(SELECT json_agg(json_build_array(e.key, e.value::text)) FROM json_each(${image}) e)`

export async function readEntries(client: Client, after: number): Promise<Entry[]> {
  const {rows} = await client.query<Entry>(
    `SELECT id::int, topic, op::text, key, aggregate_id,
       CASE WHEN topic = $2 AND op <> 'd' THEN ${pairsOf("CASE op WHEN 'u' THEN payload -> 'after' ELSE payload END")} END AS image,
       CASE WHEN topic = $2 AND op IN ('d', 'u') THEN ${pairsOf("payload -> 'before'")} END AS before,
       CASE WHEN topic = $3 THEN payload END AS mark
       FROM public.outbox_events WHERE id > $1 AND topic IN ($2, $3) ORDER BY id`,
    [after, TOPIC, MARKS],
  )
  return rows
}

export interface TrueRow {
  readonly id: string
  readonly key: string | null
  readonly image: Pairs
}

/** The rows as the project prints them, with the ids and keys that their records should have. */
export async function readRows(client: Client, state: TableState): Promise<TrueRow[]> {
  const column = (raw: string): string => state.columns.find(one => one.raw === raw)!.name
  const texts = state.primaryKey.map(raw => `t.${column(raw)}::text`)
  const id =
    texts.length === 1
      ? texts[0]!
      : texts
          .map(
            text => `replace(replace(${text}, chr(92), chr(92) || chr(92)), ',', chr(92) || ',')`,
          )
          .join(" || ',' || ")
  await client.query(FIXED)
  const key = state.columns.find(({num}) => num === 2)
  const {rows} = await client.query<TrueRow>(
    `SELECT ${id} AS id, ${key === undefined ? 'NULL' : `t.${key.name}::text`} AS key,
       ${pairsOf('row_to_json(t.*)')} AS image FROM ${state.name} t`,
  )
  return rows
}
