/** What can be asked of a stream: its dimensions, its metrics, and what is known of its keys elsewhere. Pure. */
import {metricsOf, type Measure} from '../../contracts/measures.ts'
import {countableOf, type Stream} from '../../contracts/stream.ts'
import type {StreamPlan} from '../../readmodel/plan.ts'
import type {Tally} from '../../readmodel/tally.ts'
import type {Figures} from '../measures.ts'
import {valueKindOf, type ValueKind} from './values.ts'

export interface Dimension {
  readonly name: string
  /** What rows are found by. */
  readonly field: string
  readonly kind: ValueKind
  /** Its value is not that of the field, but a fact about it. */
  readonly isFact: boolean
  /** Every value that it can have, where that is known. */
  readonly closed: readonly string[] | undefined
}

/** What is known of a key elsewhere. */
export interface Fact {
  readonly values: Readonly<Record<string, string | null>>
  /** What figures of facts are told apart by. */
  readonly size: number | null
}

/** A stream's keys as another table describes them: dimensions and metrics beside those that are counted. */
export interface KeyFacts {
  readonly stream: string
  /** Its values are the keys. */
  readonly field: string
  /** Another name of the field. */
  readonly alias: string
  /** Dimensions that facts give, with every value that they can have, where that is known. */
  readonly dimensions: Readonly<Record<string, readonly string[] | undefined>>
  /** The same of dimensions of the stream. */
  readonly closed: Readonly<Record<string, readonly string[] | undefined>>
  readonly metrics: readonly string[]
  /** What the metrics are made of. */
  readonly needs: string
  /** Of these keys, or of all. */
  load(keys: ReadonlySet<string> | undefined): Promise<ReadonlyMap<string, Fact>>
  /** @param bySize the same events by the sizes of their keys */
  figures(bySize: ReadonlyMap<number | null, Tally>): Figures
}

export interface Subject {
  readonly plan: StreamPlan
  readonly dimensions: ReadonlyMap<string, Dimension>
  /** Those that some rollup has, for who names another one. */
  readonly counted: readonly string[]
  readonly metrics: readonly string[]
  /** Metrics that are times or texts. */
  readonly notNumbers: ReadonlySet<string>
  readonly facts: KeyFacts | undefined
}

const NUMBERS: ReadonlySet<string> = new Set(['long', 'int', 'double', 'decimal'])

function notNumbersOf(stream: Stream): ReadonlySet<string> {
  const columns = countableOf(stream)
  const isNumber = (measure: Measure): boolean => {
    const {kind} = measure
    if (kind !== 'min' && kind !== 'max' && kind !== 'latest') return true
    return NUMBERS.has(columns.get(measure.of)!.kind)
  }
  const measures = Object.entries(stream.measures)
  return new Set(measures.filter(([, measure]) => !isNumber(measure)).map(([name]) => name))
}

/** Ids of contents are texts in every answer, whatever they are in their table. */
const asText = ({words, parse}: ValueKind): ValueKind => ({
  words,
  serve: text => text,
  parse: value => (typeof value === 'string' ? (parse(value) ?? parse(Number(value))) : undefined),
})

/** Metrics of the measures of a kind, in the order of the declaration. */
export const metricsOfKind = ({plan}: Subject, kind: Measure['kind']): readonly string[] =>
  Object.entries(plan.stream.measures).flatMap(([name, measure]) =>
    measure.kind === kind ? metricsOf(name, measure) : [],
  )

export function subjectOf(plan: StreamPlan, facts?: KeyFacts): Subject {
  const {stream} = plan
  const dimensions = new Map<string, Dimension>()
  for (const [name, column] of countableOf(stream)) {
    const closed = facts?.closed[name]
    dimensions.set(name, {name, field: name, kind: valueKindOf(column), isFact: false, closed})
  }
  if (facts !== undefined) {
    const {field, alias} = facts
    const own = dimensions.get(field)!
    dimensions.set(alias, {...own, name: alias, kind: asText(own.kind)})
    for (const [name, closed] of Object.entries(facts.dimensions)) {
      dimensions.set(name, {name, field, kind: valueKindOf({kind: 'text'}), isFact: true, closed})
    }
  }
  const fields = new Set(stream.rollups.flatMap(({by, split = []}) => [...by, ...split]))
  const counted = [...dimensions.values()].filter(({field}) => fields.has(field))
  return {
    plan,
    dimensions,
    counted: counted.map(({name}) => name),
    metrics: [
      ...Object.entries(stream.measures).flatMap(([name, measure]) => metricsOf(name, measure)),
      ...(facts?.metrics ?? []),
    ],
    notNumbers: notNumbersOf(stream),
    facts,
  }
}
