/** Tables that are read again beside the live stream: how far, and whether they go on. */
import type {JSX} from 'preact'
import {useState} from 'preact/hooks'
import {formatCount, formatMs, formatRate, formatTime, NONE} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import {request, wordsOf} from '../net/request.ts'
import type {Backfill} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await} from '../ui/states.tsx'
import {BarCell, Table} from '../ui/table.tsx'

type Verb = 'pause' | 'resume' | 'cancel'

const REFRESH_MS = 2000
const LABELS = {pause: 'Pause', resume: 'Go on', cancel: 'Cancel'} as const

const verbsOf = ({state}: Backfill): readonly Verb[] => {
  if (state === 'waiting' || state === 'running') return ['pause', 'cancel']
  return state === 'paused' ? ['resume', 'cancel'] : []
}

function Progress({row}: {readonly row: Backfill}): JSX.Element {
  const about = row.rows_estimated ?? 0
  const share = row.state === 'done' ? 1 : about === 0 ? 0 : row.rows_looked_at / about
  const left = row.seconds_left === null ? '' : `, about ${formatMs(row.seconds_left * 1000)} left`
  return (
    <BarCell share={share}>
      {formatCount(row.rows_written)} rows{left}
    </BarCell>
  )
}

export function BackfillsCard(): JSX.Element | null {
  const found = useResource(addressFor('GET /v1/admin/backfills'), REFRESH_MS)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const act = async ({id}: Backfill, verb: Verb): Promise<void> => {
    try {
      await request(addressFor(`POST /v1/admin/backfills/{id}/${verb}`, {path: {id}}), {
        method: 'POST',
      })
      setProblem(undefined)
      found.reload()
    } catch (error) {
      setProblem(wordsOf(error))
    }
  }
  // Most of the time there is none, and nothing to look at.
  if (found.data?.items.length === 0) return null
  return (
    <Card
      title="Backfills"
      note="tables that are read again, newest first"
      flush
      csv={{
        name: 'backfills',
        header: ['id', 'topic', 'condition', 'state', 'rows_written', 'requested_at', 'problem'],
        rows: () =>
          (found.data?.items ?? []).map(b => [
            b.id,
            b.topic,
            b.condition,
            b.state,
            b.rows_written,
            b.requested_at,
            b.problem,
          ]),
      }}
    >
      {problem === undefined ? null : (
        <p class="notice bad" role="status">
          {problem}
        </p>
      )}
      <Await from={found}>
        {({items}) => (
          <Table
            caption="Backfills"
            rows={items}
            keyOf={row => row.id}
            columns={[
              {title: 'Id', cell: row => row.id},
              {title: 'Topic', cell: row => row.topic},
              {
                title: 'Rows',
                kind: 'fill',
                cell: row => (
                  <span title={row.condition ?? 'every row'}>
                    <Progress row={row} />
                  </span>
                ),
              },
              {
                title: 'Per second',
                kind: 'num',
                cell: row => formatRate(row.rows_per_second ?? undefined),
              },
              {title: 'Asked for', extra: true, cell: row => formatTime(row.requested_at)},
              {
                title: 'State',
                cell: row => (
                  <span
                    class={`tag ${row.state === 'failed' ? 'bad' : row.problem === null ? '' : 'warn'}`}
                    title={row.problem ?? ''}
                  >
                    {row.state}
                  </span>
                ),
              },
              {
                title: 'Action',
                cell: row =>
                  verbsOf(row).length === 0
                    ? NONE
                    : verbsOf(row).map(verb => (
                        <button
                          key={verb}
                          class="button quiet"
                          type="button"
                          onClick={() => void act(row, verb)}
                        >
                          {LABELS[verb]}
                        </button>
                      )),
              },
            ]}
          />
        )}
      </Await>
    </Card>
  )
}
