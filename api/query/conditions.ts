/** Single conditions of filters: on a value of a dimension, on the value of a metric. Pure. */
import {NULL_KEY, textOf} from '../../readmodel/fields.ts'
import type {Figures} from '../measures.ts'
import {invalid, refuse} from '../problem.ts'
import type {Comparison, Test} from '../schemas/query.ts'
import {compilePattern, compileWildcard, type TextTest} from './patterns.ts'
import type {Dimension, Subject} from './subject.ts'
import type {Label} from './values.ts'

/** Values of an event by the names of dimensions. */
export type Labels = Readonly<Record<string, Label>>

/** Texts that a field must be one of, by fields that filters name values of. */
export type Named = ReadonlyMap<string, ReadonlySet<string>>

/** A condition on dimensions. */
export interface OfEvents {
  readonly of: 'events'
  readonly matches: (labels: Labels) => boolean
  /** Names of dimensions. */
  readonly used: ReadonlySet<string>
  readonly named: Named
}

/** A condition on metrics. */
export interface OfGroups {
  readonly of: 'groups'
  readonly holds: (figures: Figures) => boolean
  readonly metrics: ReadonlySet<string>
}

export interface At {
  readonly subject: Subject
  /** Where it stands in the body. */
  readonly pointer: string
}

export const NO_NAMES: Named = new Map()

const TESTS: ReadonlySet<string> = new Set([
  'is',
  'contains',
  'matches',
  'matches_wildcard',
] satisfies readonly Test[0][])

const COMPARE: Readonly<Record<Comparison[0], (a: number, b: number) => boolean>> = {
  equal: (a, b) => a === b,
  not_equal: (a, b) => a !== b,
  greater: (a, b) => a > b,
  greater_or_equal: (a, b) => a >= b,
  less: (a, b) => a < b,
  less_or_equal: (a, b) => a <= b,
}

export function toComparison(
  [operator, metric, wanted]: Comparison,
  {subject, pointer}: At,
): OfGroups {
  checkMetric(subject, metric, `${pointer}/1`)
  if (subject.notNumbers.has(metric)) {
    throw refuse('body', `${pointer}/1`, metric, 'is no number to compare')
  }
  const compare = COMPARE[operator]
  return {
    of: 'groups',
    // As in SQL, what is null is neither more, nor less, nor another one.
    holds(figures) {
      const value = figures[metric]
      return typeof value === 'number' && compare(value, wanted)
    },
    metrics: new Set([metric]),
  }
}

/** @throws 400 that names the metrics there are */
export function checkMetric(subject: Subject, name: string, pointer: string): void {
  if (subject.metrics.includes(name)) return
  throw invalid('body', pointer, name, `must be one of ${subject.metrics.join(', ')}`)
}

/** @throws 400 that names the dimensions there are */
export function dimensionOf(subject: Subject, name: string, pointer: string): Dimension {
  const found = subject.dimensions.get(name)
  if (found !== undefined) return found
  throw invalid('body', pointer, name, `must be one of ${subject.counted.join(', ')}`)
}

/** What a condition needs of one value. */
type Accepts = (label: Label) => boolean

export function toTest(filter: Test, {subject, pointer}: At): OfEvents {
  const [operator, name, values, {case_sensitive: isCaseSensitive = true} = {}] = filter
  const dimension = dimensionOf(subject, name, `${pointer}/1`)
  const isDenied = !TESTS.has(operator)
  const kind = isDenied ? operator.replace(/_not$/, '') : operator
  const asked = {dimension, values, isCaseSensitive, pointer: `${pointer}/2`}
  const accepts = kind === 'is' ? equals(asked) : finds(kind, asked)
  const names = operator === 'is' && isCaseSensitive && !dimension.isFact
  return {
    of: 'events',
    matches: labels => accepts(labels[name] ?? null) !== isDenied,
    used: new Set([name]),
    named: names ? new Map([[dimension.field, textsOf(asked)]]) : NO_NAMES,
  }
}

interface Asked {
  readonly dimension: Dimension
  readonly values: readonly Label[]
  readonly isCaseSensitive: boolean
  readonly pointer: string
}

/** Values as keys name them. */
function textsOf({dimension: {name, kind, closed}, values, pointer}: Asked): ReadonlySet<string> {
  return new Set(
    values.map((value, i) => {
      if (value === null) return NULL_KEY
      const text = kind.parse(value)
      if (text === undefined) {
        throw invalid('body', `${pointer}/${i}`, value, `must be ${kind.words}, as ${name} is`)
      }
      if (closed === undefined || closed.includes(text)) return text
      throw refuse('body', pointer, value, `${name} is one of ${closed.join(', ')}`)
    }),
  )
}

const toLower = (label: Label): Label => (typeof label === 'string' ? label.toLowerCase() : label)

function equals(asked: Asked): Accepts {
  const {dimension, isCaseSensitive} = asked
  const fold = isCaseSensitive ? (label: Label) => label : toLower
  const labels = [...textsOf(asked)].map(text =>
    fold(text === NULL_KEY ? null : dimension.kind.serve(text)),
  )
  const wanted = new Set(labels)
  return label => wanted.has(fold(label))
}

function toTextTest(kind: string, value: string, isCaseSensitive: boolean): TextTest {
  if (kind === 'matches') return compilePattern(value, isCaseSensitive)
  if (kind === 'matches_wildcard') return compileWildcard(value, isCaseSensitive)
  if (isCaseSensitive) return text => text.includes(value)
  const lower = value.toLowerCase()
  return text => text.toLowerCase().includes(lower)
}

/** Each pattern is tested for each value that is read. */
const PATTERNS_MAX = 20

function finds(kind: string, {values, isCaseSensitive, pointer}: Asked): Accepts {
  if (kind !== 'contains' && values.length > PATTERNS_MAX) {
    throw refuse(
      'body',
      pointer,
      values.length,
      `can hold ${PATTERNS_MAX} patterns: join them by |`,
    )
  }
  const tests = values.flatMap((value, i) => {
    // Null has no text.
    if (value === null) return []
    if (typeof value !== 'string') {
      throw invalid('body', `${pointer}/${i}`, value, `must be a text, as ${kind} looks into texts`)
    }
    try {
      return [toTextTest(kind, value, isCaseSensitive)]
    } catch (error) {
      const why = `must be a pattern in the syntax of RE2: ${(error as Error).message}`
      throw invalid('body', `${pointer}/${i}`, value, why)
    }
  })
  return label => label !== null && tests.some(test => test(textOf(label)))
}
