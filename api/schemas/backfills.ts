/** Tables that are read again, and how far that is. */
import {Type, type Static} from 'typebox'
import {closed, Count, expected, named, nullable, oneOf, Time} from './common.ts'

export const Backfill = named('Backfill', {
  id: Type.String({description: 'of the row in cdc.backfills'}),
  topic: Type.String(),
  condition: nullable(Type.String({description: 'SQL that its rows meet; null: every row'})),
  generation: nullable(
    Type.String({description: 'the generation of the read model that it fills; null: all'}),
  ),
  state: oneOf(['waiting', 'running', 'paused', 'done', 'cancelled', 'failed']),
  rows_estimated: nullable(Count),
  rows_looked_at: Count,
  rows_written: Count,
  rows_per_second: nullable(Type.Number({description: 'so far'})),
  seconds_left: nullable(Type.Number({description: 'about'})),
  problem: nullable(Type.String({description: 'what kept it from going on last'})),
  requested_at: Time,
  finished_at: nullable(Time),
})
export type BackfillView = Static<typeof Backfill>
export const BackfillList = named('BackfillList', {items: Type.Array(Backfill)})
export const BackfillParams = closed({
  id: Type.String({
    pattern: '^[1-9]\\d{0,15}$',
    ...expected('the number of a backfill, such as 1'),
    description: 'of its row in cdc.backfills',
    examples: ['1'],
  }),
})
