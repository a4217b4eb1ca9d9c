/**
 * From filters to what decides about them: of dimensions, whether an event counts; of metrics, whether a group is
 * shown. Pure.
 */
import {acceptedOf, isPresence, type Condition} from '../../contracts/measures.ts'
import {NULL_KEY, textOf} from '../../readmodel/fields.ts'
import type {Figures} from '../measures.ts'
import {refuse, type Problem} from '../problem.ts'
import type {Filter, Logic} from '../schemas/query.ts'
import {
  NO_NAMES,
  toComparison,
  toTest,
  type At,
  type Labels,
  type Named,
  type OfEvents,
  type OfGroups,
} from './conditions.ts'
import type {Subject} from './subject.ts'

type Part = OfEvents | OfGroups

export interface PlannedFilters extends Omit<OfEvents, 'of'>, Omit<OfGroups, 'of'> {}

const isEvents = (part: Part): part is OfEvents => part.of === 'events'
const isGroups = (part: Part): part is OfGroups => part.of === 'groups'

function toPart(filter: Filter, at: At): Part {
  switch (filter[0]) {
    case 'and':
    case 'or':
    case 'not':
      return toLogic(filter, at)
    case 'has_done':
    case 'has_not_done':
      throw behavior(filter[0], at)
    case 'equal':
    case 'not_equal':
    case 'greater':
    case 'greater_or_equal':
    case 'less':
    case 'less_or_equal':
      return toComparison(filter, at)
    case 'is':
    case 'is_not':
    case 'contains':
    case 'contains_not':
    case 'matches':
    case 'matches_not':
    case 'matches_wildcard':
    case 'matches_wildcard_not':
      return toTest(filter, at)
    default:
      return filter[0] satisfies never
  }
}

function toLogic(filter: Logic, {subject, pointer}: At): Part {
  const [operator, operand] = filter
  if (operator === 'not') {
    const inner = toPart(operand, {subject, pointer: `${pointer}/1`})
    return isEvents(inner)
      ? {...inner, matches: labels => !inner.matches(labels), named: NO_NAMES}
      : {...inner, holds: figures => !inner.holds(figures)}
  }
  const parts = (operand as readonly Filter[]).map((part, i) =>
    toPart(part, {subject, pointer: `${pointer}/1/${i}`}),
  )
  const [events, groups] = [parts.filter(isEvents), parts.filter(isGroups)]
  if (events.length > 0 && groups.length > 0) {
    const detail =
      'joins conditions on metrics, which choose rows, with conditions on dimensions, which choose what is counted: give them beside each other in filters'
    throw refuse('body', pointer, filter, detail)
  }
  if (operator === 'and') return groups.length > 0 ? allGroups(groups) : allEvents(events)
  if (groups.length > 0) {
    const holds = (figures: Figures): boolean => groups.some(part => part.holds(figures))
    return {...allGroups(groups), holds}
  }
  const matches = (labels: Labels): boolean => events.some(part => part.matches(labels))
  return {...allEvents(events), matches, named: eitherOf(events)}
}

function allGroups(parts: readonly OfGroups[]): OfGroups {
  return {
    of: 'groups',
    holds: figures => parts.every(part => part.holds(figures)),
    metrics: new Set(parts.flatMap(({metrics}) => [...metrics])),
  }
}

function allEvents(parts: readonly OfEvents[]): OfEvents {
  const named = new Map<string, ReadonlySet<string>>()
  for (const [field, texts] of parts.flatMap(part => [...part.named])) {
    const known = named.get(field)
    named.set(
      field,
      known === undefined ? texts : new Set([...texts].filter(one => known.has(one))),
    )
  }
  return {
    of: 'events',
    matches: labels => parts.every(part => part.matches(labels)),
    used: new Set(parts.flatMap(({used}) => [...used])),
    named,
  }
}

/** What each of several names. */
function eitherOf([first, ...others]: readonly OfEvents[]): Named {
  const named = new Map<string, ReadonlySet<string>>()
  for (const [field, texts] of first?.named ?? []) {
    const sets = others.map(part => part.named.get(field))
    if (!sets.every(set => set !== undefined)) continue
    named.set(field, new Set([...texts, ...sets.flatMap(set => [...set])]))
  }
  return named
}

function behavior(operator: string, {subject, pointer}: At): Problem {
  const {stream} = subject.plan
  const person = stream.active[0]?.of ?? stream.keyField
  const detail = `asks what somebody did in other events, and events are not kept by who did them: count by them, {by: '${person}', every: ['total']} in streams/${stream.name}.ts, and filter by a metric, as ["greater", …, 0] does`
  return refuse('body', pointer, operator, detail)
}

/** Filters in their places; those that `and` joins count as given beside each other. */
function flatten(filters: readonly Filter[], pointer: string): readonly [Filter, string][] {
  return filters.flatMap((filter, i): readonly [Filter, string][] => {
    const own = `${pointer}/${i}`
    return filter[0] === 'and' ? flatten(filter[1], `${own}/1`) : [[filter, own]]
  })
}

/**
 * @param pointer of the list in the body
 * @throws a problem that names the part, the value and what it must be
 */
export function planFilters(
  filters: readonly Filter[],
  subject: Subject,
  pointer = '/filters',
): PlannedFilters {
  const parts = flatten(filters, pointer).map(([filter, own]) =>
    toPart(filter, {subject, pointer: own}),
  )
  const {of: _events, ...events} = allEvents(parts.filter(isEvents))
  const {of: _groups, ...groups} = allGroups(parts.filter(isGroups))
  return {...events, ...groups}
}

/** Whether every event that filters or a measure let through meets the condition. */
export function implies(named: Named, own: Condition, condition: Condition): boolean {
  return Object.entries(condition).every(([field, wanted]) => {
    const texts = named.get(field) ?? textsOfCondition(own[field])
    if (texts === undefined) return false
    if (isPresence(wanted)) return !texts.has(NULL_KEY)
    const accepted = new Set(acceptedOf(wanted).map(textOf))
    return texts.size > 0 && [...texts].every(text => accepted.has(text))
  })
}

/** What a condition lets a field be; of one that is only present, any text. */
function textsOfCondition(wanted: Condition[string] | undefined): ReadonlySet<string> | undefined {
  if (wanted === undefined) return undefined
  return isPresence(wanted) ? new Set() : new Set(acceptedOf(wanted).map(textOf))
}
