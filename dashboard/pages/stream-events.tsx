/** Single events of a stream: those of a key, in any stretch of time. */
import type {JSX} from 'preact'
import {toField, toInstant} from '../model/instant.ts'
import {formatKey, KEY_TEXT_MAX, ofKeyText, parseKey, toKeyText} from '../model/stream-key.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Stream} from '../net/types.ts'
import {Form, TextField} from '../ui/controls.tsx'
import {Empty} from '../ui/states.tsx'
import {EventsCard} from './stream-events-card.tsx'
import {KeyList} from './stream-key-list.tsx'

export function StreamEvents({
  stream,
  nav,
}: {
  readonly stream: Stream
  readonly nav: Navigation
}): JSX.Element {
  const {from, to} = nav.values
  const [part] = parseKey(nav.values['key'], 1) ?? []
  return (
    <>
      <Form
        label="Find events"
        onSubmit={fields =>
          nav.set({
            key: fields['key'] === '' ? undefined : formatKey([ofKeyText(fields['key'] ?? '')]),
            from: toInstant(fields['from']),
            to: toInstant(fields['to']),
            cursor: undefined,
            open: undefined,
          })
        }
      >
        <TextField
          wide
          label={stream.key}
          name="key"
          max={KEY_TEXT_MAX}
          value={part === undefined ? undefined : toKeyText(part)}
          placeholder="As it was written; (none) for no value"
        />
        <TextField label="From" name="from" type="datetime-local" value={toField(from)} />
        <TextField label="Until" name="to" type="datetime-local" value={toField(to)} />
        <button class="button" type="submit">
          Find
        </button>
      </Form>
      {part === undefined ? (
        <NoKey stream={stream} nav={nav} />
      ) : (
        <EventsCard key={formatKey([part])} stream={stream} nav={nav} part={part} />
      )}
    </>
  )
}

/** Events lie with their key: without one, keys to choose from. */
function NoKey({stream, nav}: {readonly stream: Stream; readonly nav: Navigation}): JSX.Element {
  const {key, topic} = stream
  const rollup = stream.rollups.find(({columns}) => columns.length === 1 && columns[0] === key)
  return (
    <>
      <div class="card">
        <Empty title={`Events are found by their ${key}`}>
          {rollup === undefined ? 'Type one above.' : 'Type one above, or choose one below.'}
        </Empty>
        <p class="inset">
          <a href={linkTo('inspector', {topic, order: 'newest'})}>Newest messages of all keys</a>
        </p>
      </div>
      {rollup === undefined ? null : (
        <KeyList stream={stream} rollup={rollup} nav={nav} tab="events" />
      )}
    </>
  )
}
