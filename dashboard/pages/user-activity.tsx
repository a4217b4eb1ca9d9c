/** Activities as rows, and the field to find whose. */
import type {JSX} from 'preact'
import {formatTime, shorten} from '../model/format.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Activity} from '../net/types.ts'
import {Form, TextField} from '../ui/controls.tsx'
import type {Column} from '../ui/table.tsx'

export function FindUser({
  nav,
  user,
}: {
  readonly nav: Navigation
  readonly user?: string
}): JSX.Element {
  return (
    <Form label="Find a user" onSubmit={({user: id}) => nav.set({user: id, cursor: undefined})}>
      <TextField
        wide
        label="User id"
        name="user"
        value={user}
        placeholder="The user_id as it was written"
      />
      <button class="button" type="submit">
        Show
      </button>
    </Form>
  )
}

export const ACTIVITY_COLUMNS: readonly Column<Activity>[] = [
  {
    title: 'Event',
    cell: row => (
      <a class="mono" href={linkTo('pipeline', {trace: `activity:${row.event_id}`})}>
        {row.event_id}
      </a>
    ),
  },
  {title: 'Time', cell: row => formatTime(row.occurred_at)},
  {
    title: 'Activity',
    cell: row => <bdi title={row.activity_type}>{shorten(row.activity_type, 40)}</bdi>,
  },
  {title: 'Details', kind: 'fill', cell: row => <Json value={row.metadata} />},
]
function Json({value}: {readonly value: unknown}): JSX.Element {
  if (value === null || value === undefined) return <span class="muted">–</span>
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return (
    <span class="clip mono muted" dir="auto" title={shorten(text, 1000)}>
      {shorten(text, 300)}
    </span>
  )
}

export const csvOf = (items: readonly Activity[]) => ({
  name: 'activity',
  header: ['event_id', 'user_id', 'activity_type', 'occurred_at', 'metadata'],
  rows: () =>
    items.map(a => [
      a.event_id,
      a.user_id,
      a.activity_type,
      a.occurred_at,
      JSON.stringify(a.metadata),
    ]),
})
