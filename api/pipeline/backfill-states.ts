/** Tables that are read again now, and those whose last reading failed. */
import type {Session} from '../database.ts'
import type {BackfillState} from './facts.ts'

const SELECT = `SELECT DISTINCT ON (topic) topic, state, problem,
    CASE WHEN rows_estimated > 0 THEN least(99, 100 * rows_looked_at / rows_estimated)::int END AS percent
  FROM cdc.backfills WHERE state <> 'cancelled'
  ORDER BY topic, state IN ('waiting', 'running', 'paused') DESC, id DESC`

interface Row {
  readonly topic: string
  readonly state: string
  readonly problem: string | null
  readonly percent: number | null
}

/** By topic; what is done is nothing to say. */
export async function readBackfillStates(db: Session): Promise<readonly BackfillState[]> {
  const {rows} = await db.query<Row>(SELECT)
  return rows
    .filter(({state}) => state !== 'done')
    .map(({topic, state, problem, percent}) => {
      const far = percent === null ? [] : [`${percent} %`]
      const detail = [state, ...far, ...(problem === null ? [] : [problem])].join(', ')
      return {stream: topic, state: state === 'failed' ? 'failed' : 'running', detail}
    })
}
