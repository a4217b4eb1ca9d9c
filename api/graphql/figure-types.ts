/** Types of figures and of events, by what a stream declares: what REST serves, without loss. Pure. */
import type {ColumnKind} from '../../contracts/kinds.ts'
import {countableOf, type Stream} from '../../contracts/stream.ts'
import {percentileNames, type PlannedMeasure, type StatesPlan} from '../../readmodel/plan.ts'

/** Serialized as REST serves them: built-in numbers would round, or refuse what is beyond their bounds. */
export const SCALARS = `
"A whole number: as text where a double would lose digits."
scalar Long
"A number: as text where a double would lose digits."
scalar Decimal
"Anything that JSON can say."
scalar JSON
`

type Kinds = Readonly<Partial<Record<ColumnKind, string>>>

const NUMBERS: Kinds = {long: 'Long', int: 'Long', date: 'Long', time: 'Long', decimal: 'Decimal'}
const VALUES: Kinds = {
  ...NUMBERS,
  double: 'Decimal',
  boolean: 'Boolean',
  text: 'String',
  uuid: 'String',
  timestamp: 'String',
}
const COLUMNS: Kinds = {
  ...VALUES,
  int: 'Int',
  date: 'String',
  time: 'String',
  interval: 'String',
  bytes: 'String',
}

/** The type of a column of an event. */
export const typeOfColumn = (kind: ColumnKind): string => COLUMNS[kind] ?? 'JSON'

/** The type of a measure's figures; those that are never null end with `!`. */
function typeOfMeasure({measure, part}: PlannedMeasure, kind: ColumnKind | undefined): string {
  const per = 'per' in measure ? (measure.per ?? 1) : 1
  const number = (per === 1 && kind !== undefined && NUMBERS[kind]) || 'Float'
  switch (measure.kind) {
    case 'count':
    case 'uniques':
      return 'Long!'
    case 'sum':
      return `${number}!`
    case 'min':
    case 'max':
      return part.state.spec.isTime ? 'String' : number
    case 'latest':
      return (kind && VALUES[kind]) ?? 'JSON'
    case 'average':
    case 'deviation':
    case 'quantiles':
      return 'Float'
    default:
      return measure satisfies never
  }
}

/** Figures of a rollup or window with their types, in the order in which they are served. */
export function figureTypes(
  stream: Stream,
  {measures, ratios}: StatesPlan,
): ReadonlyMap<string, string> {
  const kinds = countableOf(stream)
  const own = measures.flatMap(planned => {
    const {name, measure} = planned
    const type = typeOfMeasure(
      planned,
      measure.of === undefined ? undefined : kinds.get(measure.of)?.kind,
    )
    const names = measure.kind === 'quantiles' ? percentileNames(name, measure) : [name]
    return names.map(one => [one, type] as const)
  })
  return new Map([...own, ...ratios.map(({name}) => [name, 'Float'] as const)])
}
