/** Tables that are read again: how far, and whether they go on. Who may write SQL asks for one (cdc.backfills). */
import type {Static} from 'typebox'
import type {Api} from '../app.ts'
import {columnsOf} from '../csv.ts'
import {utcText, type Session} from '../database.ts'
import {notFound, Problem} from '../problem.ts'
import {Backfill, BackfillList, BackfillParams, type BackfillView} from '../schemas/backfills.ts'
import {ADMIN, optionsOf} from './options.ts'

const LIST_MAX = 50

interface Row extends Omit<
  BackfillView,
  'rows_estimated' | 'rows_looked_at' | 'rows_written' | 'rows_per_second' | 'seconds_left'
> {
  readonly rows_estimated: string | null
  readonly rows_looked_at: string
  readonly rows_written: string
  readonly seconds: number | null
}

function toView({
  rows_estimated,
  rows_looked_at,
  rows_written,
  seconds,
  ...row
}: Row): BackfillView {
  const [looked, written] = [Number(rows_looked_at), Number(rows_written)]
  const estimated = rows_estimated === null ? null : Number(rows_estimated)
  const isTimed = seconds !== null && seconds > 0 && looked > 0
  const left = isTimed && estimated !== null ? ((estimated - looked) * seconds) / looked : null
  return {
    ...row,
    rows_estimated: estimated,
    rows_looked_at: looked,
    rows_written: written,
    rows_per_second: isTimed ? written / seconds : null,
    seconds_left: row.state === 'running' && left !== null ? Math.max(0, left) : null,
  }
}

const SELECT = `SELECT id::text, topic, condition, generation, state, rows_estimated::text, rows_looked_at::text,
    rows_written::text, problem, ${utcText('requested_at')}, ${utcText('finished_at')},
    extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at)::float8 AS seconds
  FROM cdc.backfills`

const STEER = [
  ['pause', 'paused', 'Let a backfill stand where it is'],
  ['resume', 'waiting', 'Let a paused backfill go on'],
  ['cancel', 'cancelled', 'End a backfill for good'],
] as const

export function addBackfillRoutes(app: Api, db: Session): void {
  const read = async (id: string): Promise<BackfillView> => {
    const {rows} = await db.query<Row>(`${SELECT} WHERE id = $1`, [id])
    const [row] = rows
    if (row === undefined) throw notFound('backfill', id)
    return toView(row)
  }
  app.get(
    '/v1/admin/backfills',
    optionsOf('admin', ADMIN, {
      operationId: 'listBackfills',
      summary: 'Tables that are read again, newest first',
      response: {200: BackfillList},
      csv: ({items}: Static<typeof BackfillList>) => ({
        columns: columnsOf(Backfill),
        rows: items,
      }),
    }),
    async () => {
      const {rows} = await db.query<Row>(`${SELECT} b ORDER BY b.id DESC LIMIT ${LIST_MAX}`)
      return {items: rows.map(toView)}
    },
  )
  for (const [verb, state, summary] of STEER) {
    app.post(
      `/v1/admin/backfills/:id/${verb}`,
      optionsOf('admin', ADMIN, {
        operationId: `${verb}Backfill`,
        summary,
        params: BackfillParams,
        response: {200: Backfill},
        problems: ['not-found', 'conflict'],
      }),
      async ({params: {id}}) => {
        const before = await read(id)
        if (['done', 'cancelled', 'failed'].includes(before.state)) {
          throw new Problem('conflict', `backfill ${id} is ${before.state} already`)
        }
        await db.query('SELECT cdc.steer_backfill($1, $2)', [id, state])
        return await read(id)
      },
    )
  }
}
