/** What rises among the keys of a stream, read by questions. */
import type {Subject} from '../query/subject.ts'
import type {Answered} from '../reads/reads.ts'
import {askAll, type Ask} from './ask.ts'
import {risesOf, type Counts, type Score} from './scores.ts'
import {spansOf, toRange, type Span} from './spans.ts'

export interface Rising {
  readonly span: Span
  /** How many keys were compared. */
  readonly compared: number
  readonly items: readonly Score[]
}

export interface RisingAsked {
  readonly metric: string
  readonly by: string
  readonly hours: number
}

/** All keys are wanted: one that is missing had nothing. The question is refused where there are more than may be. */
const ALL = 1_000_000

/** What a key is compared with: for contents those of its type. */
const kindOf = ({facts}: Subject, by: string): string | undefined =>
  facts !== undefined && (by === facts.field || by === facts.alias)
    ? Object.keys(facts.dimensions)[0]
    : undefined

export async function readRising(
  ask: Ask,
  subject: Subject,
  {metric, by, hours}: RisingAsked,
  now: number,
): Promise<Answered<Rising>> {
  const {present, past} = spansOf(now, hours)
  const kind = kindOf(subject, by)
  const answers = await askAll([present, ...past], span =>
    ask({
      stream: subject.plan.stream.name,
      metrics: [metric],
      dimensions: kind === undefined ? [by] : [by, kind],
      date_range: toRange(span),
      pagination: {limit: ALL},
    }),
  )
  const counts = new Map<string, {kind: string | null; values: number[]}>()
  for (const [i, {value}] of answers.entries()) {
    for (const {dimensions, metrics} of value.rows) {
      const [key, ofKind] = dimensions
      // What has no key is nothing that rises.
      if (key === null) continue
      const name = String(key)
      const found = counts.get(name) ?? {
        kind: ofKind === undefined || ofKind === null ? null : String(ofKind),
        values: Array.from({length: answers.length}, () => 0),
      }
      found.values[i] = Number(metrics[0])
      counts.set(name, found)
    }
  }
  const all = Array.from(counts, ([key, {kind: ofKind, values}]): Counts => {
    const [first = 0, ...others] = values
    return {key, kind: ofKind, present: first, past: others}
  })
  return {
    value: {span: present, compared: all.length, items: risesOf(all)},
    meta: answers[0]!.meta,
  }
}
