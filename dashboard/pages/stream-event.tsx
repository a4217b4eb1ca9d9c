/** One event of a stream: every column of it, and where else it can be looked at. */
import {Fragment, type JSX} from 'preact'
import {formatTime} from '../model/format.ts'
import {formatValue, idOf} from '../model/stream-events.ts'
import {linkTo} from '../net/navigation.ts'
import type {Stream, StreamEvent} from '../net/types.ts'

export function EventDetails({
  stream,
  event,
}: {
  readonly stream: Stream
  readonly event: StreamEvent
}): JSX.Element {
  const {id, time, topic} = stream
  const key = event[stream.key] ?? null
  return (
    <div class="details one">
      <dl class="columns">
        {Object.entries(event).map(([name, value]) => (
          <Fragment key={name}>
            <dt>
              <bdi>{name}</bdi>
            </dt>
            <dd data-column={name}>
              <Value value={value} />
              {name === time && typeof value === 'string' ? (
                <span class="muted"> · {formatTime(value, {milliseconds: true})} here</span>
              ) : null}
            </dd>
          </Fragment>
        ))}
      </dl>
      <p class="links">
        <a href={linkTo('pipeline', {trace: `${stream.stream}:${idOf(event, id)}`})}>
          Trace this event
        </a>
        {key === null || key === '' ? null : (
          <a href={linkTo('inspector', {topic, key: formatValue(key), order: 'newest'})}>
            Messages of its key
          </a>
        )}
      </p>
    </div>
  )
}

function Value({value}: {readonly value: unknown}): JSX.Element {
  if (value === null || value === undefined) return <span class="muted">{formatValue(value)}</span>
  if (typeof value === 'object') return <pre>{JSON.stringify(value, null, 2)}</pre>
  return <bdi class="breaks">{formatValue(value)}</bdi>
}
