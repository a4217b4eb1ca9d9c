/** The keys of a rollup: those with the most of a metric, or one that is typed; and one of them. */
import type {JSX} from 'preact'
import {
  formatKey,
  KEY_TEXT_MAX,
  nameOfKey,
  ofKeyText,
  parseKey,
  toKeyText,
  type Key,
} from '../model/stream-key.ts'
import type {Navigation} from '../net/navigation.ts'
import type {Stream, StreamRollup} from '../net/types.ts'
import {Form, Select, TextField} from '../ui/controls.tsx'
import {Empty} from '../ui/states.tsx'
import {EventsCard} from './stream-events-card.tsx'
import {KeyList} from './stream-key-list.tsx'
import {chosenRollup} from './stream-look.ts'
import {StreamRow} from './stream-row.tsx'

export function StreamKeys({
  stream,
  nav,
}: {
  readonly stream: Stream
  readonly nav: Navigation
}): JSX.Element {
  const rollup = chosenRollup(stream, nav.values['by'])
  if (rollup === undefined) {
    return (
      <div class="card">
        <Empty title="This stream is not counted by keys">
          A rollup with <code>by</code> in its declaration would show here.
        </Empty>
      </div>
    )
  }
  const key = parseKey(nav.values['key'], rollup.columns.length)
  return (
    <>
      <FindKey {...{stream, rollup, nav}} chosen={key} />
      {nav.values['key'] === undefined || key !== undefined ? null : (
        <p class="notice" role="status">
          The address holds no key of {rollup.by}.
        </p>
      )}
      {key === undefined ? (
        <KeyList {...{stream, rollup, nav}} tab="keys" />
      ) : (
        <OneKey key={formatKey(key)} {...{stream, rollup, nav}} chosen={key} />
      )}
    </>
  )
}

function FindKey({
  stream,
  rollup,
  nav,
  chosen,
}: {
  readonly stream: Stream
  readonly rollup: StreamRollup
  readonly nav: Navigation
  readonly chosen: Key | undefined
}): JSX.Element {
  const {columns} = rollup
  const show = (fields: Readonly<Record<string, string>>): void =>
    nav.set({
      by: rollup.by,
      key: formatKey(columns.map((_, at) => ofKeyText(fields[`key${at}`] ?? ''))),
      open: undefined,
    })
  return (
    <Form label="Find a key" onSubmit={show}>
      {stream.rollups.length < 2 ? null : (
        <Select
          label="Counted by"
          value={rollup.by}
          options={stream.rollups.map(({by}) => [by, by] as const)}
          onChange={next => nav.set({by: next, key: undefined, open: undefined})}
        />
      )}
      {columns.map((column, at) => (
        <TextField
          key={column}
          wide
          required
          label={column}
          name={`key${at}`}
          max={KEY_TEXT_MAX}
          value={chosen && toKeyText(chosen[at] ?? null)}
          placeholder="As it was written; (none) for no value"
        />
      ))}
      {columns.length === 0 ? null : (
        <button class="button" type="submit">
          Show
        </button>
      )}
      {chosen === undefined || columns.length === 0 ? null : (
        <a class="button" href={nav.link({key: undefined, open: undefined})}>
          All keys
        </a>
      )}
    </Form>
  )
}

function OneKey({
  stream,
  rollup,
  nav,
  chosen,
}: {
  readonly stream: Stream
  readonly rollup: StreamRollup
  readonly nav: Navigation
  readonly chosen: Key
}): JSX.Element {
  const at = rollup.columns.indexOf(stream.key)
  return (
    <>
      <StreamRow row={{stream, rollup, key: chosen}} nav={nav} />
      {at >= 0 ? (
        <EventsCard stream={stream} nav={nav} part={chosen[at] ?? null} isExcerpt />
      ) : rollup.columns.length === 0 ? null : (
        <div class="card">
          <Empty title={`No events of ${nameOfKey(chosen)}`}>
            Single events are found by {stream.key}, which is not part of this key.
          </Empty>
        </div>
      )}
    </>
  )
}
