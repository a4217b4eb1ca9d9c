/**
 * What a declaration means for the engine: which states a row holds, how they are found in an event, and
 * how measures are made of them. Compiled once per stream; pure.
 */
import {
  acceptedOf,
  isPresence,
  PERCENTS,
  uniques,
  type Condition,
  type Measure,
} from '../contracts/measures.ts'
import {toName} from '../contracts/cql-names.ts'
import {
  countableOf,
  type NamedRollup,
  type Stream,
  type TimeLevel,
  type TopWindow,
  type ActiveWindow,
} from '../contracts/stream.ts'
import {
  getterOf,
  pathReader,
  predicateOf,
  toKeyText,
  wholeFieldOf,
  textOf,
  type Fields,
  type Predicate,
} from './fields.ts'
import {createInputs, type Inputs} from './inputs.ts'
import {areNumbered, splitTextOf} from './places.ts'

/** What is folded of an event, the smallest parts that measures are made of, and the numbers that each keeps. */
export const WIDTH_OF = {
  count: 1,
  sum: 2,
  squares: 3,
  min: 1,
  max: 1,
  histogram: 0,
  uniques: 0,
  latest: 0,
} as const

export type StateKind = keyof typeof WIDTH_OF

export type Fold = 'sum' | 'min' | 'max'

export interface StateSpec {
  readonly kind: StateKind
  readonly of: string | null
  /** Digits behind the point that whole numbers stand for. */
  readonly scale: number
  readonly isTime: boolean
  readonly where: Condition | undefined
  /** Equal texts are one state. */
  readonly id: string
}

/** A state of a row: where it stands in the row's numbers or lists. */
export interface RowState {
  readonly spec: StateSpec
  /** Its input among the stream's inputs. */
  readonly input: number
  /** First of its numbers; the first of its kind among histograms, sketches, latest values. */
  readonly at: number
}

/** What a measure reads in a row: a state, of places that meet the condition. */
export interface MeasurePart {
  readonly state: RowState
  /** Absent: of all places. */
  readonly matches: ((values: readonly string[]) => boolean) | undefined
  /** Equal texts read the same. */
  readonly id: string
}

export interface PlannedMeasure {
  readonly name: string
  readonly measure: Exclude<Measure, {kind: 'ratio'}>
  readonly part: MeasurePart
  /** What the whole number is divided by when it is served. */
  readonly divisor: number
}

export interface StatesPlan {
  /** The first counts events. */
  readonly states: readonly RowState[]
  /** The same by their kinds: each event goes through them. */
  readonly byKind: Readonly<Record<StateKind, readonly Pick<RowState, 'input' | 'at'>[]>>
  /** How each number of a place is put together: added up, or the least or the greatest one kept. */
  readonly folds: readonly Fold[]
  /** Numbers of one place. */
  readonly width: number
  readonly histograms: number
  readonly sketches: number
  readonly latests: number
  readonly measures: readonly PlannedMeasure[]
  readonly ratios: readonly {readonly name: string; readonly of: string; readonly to: string}[]
}

export interface RollupPlan extends StatesPlan {
  readonly stream: Stream
  readonly name: string
  /** Unique among all streams: names rows in stores, metrics and logs. */
  readonly id: string
  readonly table: string
  readonly by: readonly string[]
  readonly split: readonly string[]
  /** Values of each split dimension that have a place of their own from the beginning. */
  readonly reserved: readonly (readonly string[])[]
  /** Stored buckets of time, finest first. */
  readonly levels: readonly TimeLevel[]
  readonly isPacked: boolean
  readonly hash: string | null
  /** True when the Kafka key says which source partition a row belongs to. */
  readonly isByKey: boolean
  readonly counts: Predicate | undefined
  readonly keyOf: (event: Fields) => readonly string[]
  readonly splitsOf: (event: Fields) => readonly string[]
}

/** A window that slides in steps: the most of something, or who was active. */
export interface WindowPlan extends StatesPlan {
  readonly id: string
  /** What entries are by; null: one entry for all. */
  readonly by: string | null
  readonly seconds: number
  /** The entry of an event; null: it has none. */
  readonly keyOf: (event: Fields) => string | null
}

export interface StreamPlan {
  readonly stream: Stream
  readonly rollups: readonly RollupPlan[]
  readonly tops: readonly WindowPlan[]
  readonly actives: readonly WindowPlan[]
  /** What every projection of the stream folds of an event, found once for all. */
  readonly inputs: Inputs
  /** Finds what the paths say, and puts it into the event. */
  readonly readPaths: (event: Fields) => void
  /** Microseconds since 1970; null when the event has none. */
  readonly timeOf: (event: Fields) => number | null
  readonly keyOf: (event: Fields) => string | null
  readonly idOf: (event: Fields) => number | string
  /** Whether two states of one event count the same in everything. */
  readonly countsSame: (a: Fields, b: Fields) => boolean
}

const LEVEL_ORDER = ['minute', 'quarter', 'hour', 'day'] as const

/** Collects states: equal ones once per stream, and once per row. */
class Specs {
  readonly all: StateSpec[] = []
  readonly #byId = new Map<string, number>()

  add(spec: Omit<StateSpec, 'id'>): number {
    const id = JSON.stringify([spec.kind, spec.of, spec.scale, spec.where ?? null])
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    this.#byId.set(id, this.all.length)
    return this.all.push({...spec, id}) - 1
  }
}

const KIND_OF: Readonly<Record<Exclude<Measure['kind'], 'ratio'>, StateKind>> = {
  count: 'count',
  sum: 'sum',
  average: 'sum',
  deviation: 'squares',
  min: 'min',
  max: 'max',
  uniques: 'uniques',
  quantiles: 'histogram',
  latest: 'latest',
}
const NOT_WHOLE: ReadonlySet<StateKind> = new Set(['count', 'uniques', 'latest'])

function specOf(
  stream: Stream,
  measure: Exclude<Measure, {kind: 'ratio'}>,
  where: Condition | undefined,
): Omit<StateSpec, 'id'> {
  const kind = KIND_OF[measure.kind]
  const of = measure.of ?? null
  const isTime = of !== null && countableOf(stream).get(of)?.kind === 'timestamp'
  const wanted = 'scale' in measure ? measure.scale : undefined
  const isWhole = of !== null && !NOT_WHOLE.has(kind)
  const scale = isWhole ? wholeFieldOf(stream, of, wanted).scale : 0
  return {kind, of, scale, isTime, where}
}

/** A condition on split values, told from the texts of a place. */
function matcherOf(
  split: readonly string[],
  where: Condition,
): (values: readonly string[]) => boolean {
  const parts = Object.entries(where).map(([name, wanted]) => {
    const at = split.indexOf(name)
    if (isPresence(wanted)) return {at, accepts: (text: string) => text !== splitTextOf(null)}
    const texts = new Set(acceptedOf(wanted).map(splitTextOf))
    return {at, accepts: (text: string) => texts.has(text)}
  })
  return values => parts.every(({at, accepts}) => accepts(values[at]!))
}

const pick = (where: Condition, names: (name: string) => boolean): Condition =>
  Object.fromEntries(Object.entries(where).filter(([name]) => names(name)))

/**
 * States and measures of one kind of row. Conditions on split dimensions need no state of their own: the
 * places say it.
 */
function planStates(
  stream: Stream,
  specs: Specs,
  {split, measures}: {readonly split: readonly string[]; readonly measures: readonly string[]},
): StatesPlan {
  const states: RowState[] = []
  const next = {numbers: 0, histogram: 0, uniques: 0, latest: 0}
  const addState = (input: number): RowState => {
    const known = states.find(state => state.input === input)
    if (known !== undefined) return known
    const spec = specs.all[input]!
    const {kind} = spec
    const list = kind === 'histogram' || kind === 'uniques' || kind === 'latest' ? kind : 'numbers'
    const state = {spec, input, at: next[list]}
    next[list] += list === 'numbers' ? WIDTH_OF[kind] : 1
    states.push(state)
    return state
  }
  // Every row counts its events: people see it, and a row without any is known to be empty.
  addState(specs.add({kind: 'count', of: null, scale: 0, isTime: false, where: undefined}))
  const planned: PlannedMeasure[] = []
  const ratios: {name: string; of: string; to: string}[] = []
  for (const name of measures) {
    const measure = stream.measures[name]!
    if (measure.kind === 'ratio') {
      ratios.push({name, of: measure.of, to: measure.to})
      continue
    }
    const where = measure.where ?? {}
    const onSplit = pick(where, field => split.includes(field))
    const rest = pick(where, field => !split.includes(field))
    const spec = specOf(stream, measure, Object.keys(rest).length === 0 ? undefined : rest)
    const state = addState(specs.add(spec))
    const isSplit = Object.keys(onSplit).length > 0
    const part = {
      state,
      matches: isSplit ? matcherOf(split, onSplit) : undefined,
      id: `${state.input} ${JSON.stringify(onSplit)}`,
    }
    const per = 'per' in measure ? (measure.per ?? 1) : 1
    planned.push({name, measure, part, divisor: per * 10 ** spec.scale})
  }
  const ofKind = (kind: StateKind) => states.filter(({spec}) => spec.kind === kind)
  return {
    states,
    byKind: {
      count: ofKind('count'),
      sum: ofKind('sum'),
      squares: ofKind('squares'),
      min: ofKind('min'),
      max: ofKind('max'),
      histogram: ofKind('histogram'),
      uniques: ofKind('uniques'),
      latest: ofKind('latest'),
    },
    folds: states.flatMap(({spec: {kind}}) =>
      Array<Fold>(WIDTH_OF[kind]).fill(kind === 'min' || kind === 'max' ? kind : 'sum'),
    ),
    width: next.numbers,
    histograms: next.histogram,
    sketches: next.uniques,
    latests: next.latest,
    measures: planned,
    ratios: ratios.filter(({of, to}) => measures.includes(of) && measures.includes(to)),
  }
}

/** Values that measures name: they must not vanish among the others of a crowded dimension. */
function reservedOf(stream: Stream, dimension: string, measures: readonly string[]): string[] {
  const texts = measures.flatMap(name => {
    const measure = stream.measures[name]!
    const wanted = measure.kind === 'ratio' ? undefined : measure.where?.[dimension]
    if (wanted === undefined || isPresence(wanted)) return []
    return acceptedOf(wanted).map(splitTextOf)
  })
  return [...new Set(texts)]
}

function planRollup(stream: Stream, specs: Specs, rollup: NamedRollup): RollupPlan {
  const {name, by, split = []} = rollup
  const measures = rollup.measures ?? Object.keys(stream.measures)
  const getKeys = by.map(getterOf)
  const getSplits = split.map(getterOf)
  const id = `${stream.name}_${by.length === 0 ? name : `by_${toName(name)}`}`
  const reserved = split.map(dimension => reservedOf(stream, dimension, measures))
  if (!areNumbered(reserved)) {
    const named = split.map(
      (field, i) => `${field} (${reserved[i]!.length} values named by measures)`,
    )
    throw new TypeError(
      `stream ${stream.name}: rollup ${name} splits by ${named.join(', ')}, more combinations than have a place: split by fewer fields, or let its measures name fewer values`,
    )
  }
  return {
    ...planStates(stream, specs, {split, measures}),
    stream,
    name,
    id,
    table: rollup.table ?? id,
    by,
    split,
    reserved,
    levels: LEVEL_ORDER.filter(level => rollup.every.includes(level)),
    isPacked: rollup.open !== 'rows',
    hash: rollup.hash ?? null,
    isByKey: by[0] === stream.keyField,
    counts: predicateOf(rollup.where),
    keyOf: event => getKeys.map(get => toKeyText(get(event))),
    splitsOf: event => getSplits.map(get => splitTextOf(get(event))),
  }
}

/** States that a step can take an event out of again. */
const WINDOWED: ReadonlySet<StateKind> = new Set(['count', 'sum', 'uniques'])

function planTop(stream: Stream, specs: Specs, {by, seconds, measures}: TopWindow): WindowPlan {
  const planned = planStates(stream, specs, {split: [], measures})
  const wrong = planned.measures.find(({part}) => !WINDOWED.has(part.state.spec.kind))
  if (wrong !== undefined) {
    throw new TypeError(
      `stream ${stream.name}: top by ${by} cannot hold ${wrong.name}: a window holds counts, sums, averages and uniques`,
    )
  }
  const get = getterOf(by)
  return {
    ...planned,
    id: `${stream.name}_top_${toName(by)}`,
    by,
    seconds,
    keyOf(event) {
      const value = get(event)
      return value === null ? null : toKeyText(value)
    },
  }
}

/** Under which uniques of a window without entries are served. */
export const ACTIVE = 'active'

function planActive(stream: Stream, specs: Specs, {of, seconds}: ActiveWindow): WindowPlan {
  const counted = {...stream, measures: {[ACTIVE]: uniques(of)}}
  const get = getterOf(of)
  return {
    ...planStates(counted, specs, {split: [], measures: [ACTIVE]}),
    id: `${stream.name}_active_${toName(of)}`,
    by: null,
    seconds,
    keyOf: event => (get(event) === null ? null : ''),
  }
}

/** Every name of the record that anything counts, or counts by. */
function countedNames(stream: Stream): readonly string[] {
  const ofMeasures = Object.values(stream.measures).flatMap(measure =>
    measure.kind === 'ratio' ? [] : [measure.of ?? [], Object.keys(measure.where ?? {})].flat(),
  )
  const ofRollups = stream.rollups.flatMap(({by, split = [], where = {}}) => [
    ...by,
    ...split,
    ...Object.keys(where),
  ])
  const ofSpecials = stream.special.flatMap(special =>
    special.kind === 'retention'
      ? [special.by, special.duration, special.position ?? [], special.split].flat()
      : [special.by, ...special.show],
  )
  return [
    ...new Set([
      stream.keyField,
      stream.timeField ?? 'created_at',
      ...ofMeasures,
      ...ofRollups,
      ...stream.top.map(({by}) => by),
      ...stream.active.map(({of}) => of),
      ...ofSpecials,
    ]),
  ]
}

/** @throws a sentence when a measure cannot be made of its field */
export function planStream(stream: Stream): StreamPlan {
  const specs = new Specs()
  const rollups = stream.rollups.map(rollup => planRollup(stream, specs, rollup))
  const tops = stream.top.map(top => planTop(stream, specs, top))
  const actives = stream.active.map(active => planActive(stream, specs, active))
  const {timeField, keyField, idField} = stream
  const counted = countedNames(stream).map(getterOf)
  return {
    stream,
    rollups,
    tops,
    actives,
    inputs: createInputs(stream, specs.all),
    readPaths: pathReader(stream),
    timeOf:
      timeField === null
        ? event => (event['created_at'] as number | undefined) ?? null
        : event => event[timeField] as number | null,
    keyOf(event) {
      const key = event[keyField] ?? null
      return key === null ? null : textOf(key)
    },
    idOf: event => event[idField] as number | string,
    countsSame: (a, b) => counted.every(get => get(a) === get(b)),
  }
}

/** Names under which the measures of a row are served. */
export function metricNames({measures, ratios}: StatesPlan): readonly string[] {
  const own = measures.flatMap(({name, measure}) =>
    measure.kind === 'quantiles' ? percentileNames(name, measure) : [name],
  )
  return [...own, ...ratios.map(({name}) => name)]
}

/** Names under which quantiles are served, in the order of `PERCENTS`. */
export const percentileNames = (name: string, {as = name}: {readonly as?: string}): string[] =>
  PERCENTS.map(percent => `${as}_p${percent}`)
