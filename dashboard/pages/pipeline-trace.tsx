/** Where one event is, and when it was there. */
import type {JSX} from 'preact'
import {useEffect, useRef} from 'preact/hooks'
import {formatMs, formatTime} from '../model/format.ts'
import {sinceFirst} from '../model/stages.ts'
import {formatEvent, parseEvent} from '../model/traced.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Stream, Trace} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Form, Select, TextField} from '../ui/controls.tsx'
import {Await} from '../ui/states.tsx'

const NAMES: Readonly<Record<string, string>> = {
  postgresql: 'PostgreSQL',
  outbox: 'Outbox',
  kafka: 'Kafka',
  cassandra: 'Cassandra',
  redis: 'Redis',
}

const NO_STREAMS: readonly Stream[] = []
const namesOf = (streams: readonly Stream[]): readonly string[] => streams.map(({stream}) => stream)

export function TraceCard({nav}: {readonly nav: Navigation}): JSX.Element {
  const listed = useResource(addressFor('GET /v1/streams'))
  const streams = listed.data?.items ?? NO_STREAMS
  const asked = parseEvent(nav.values['trace'])
  const stream = asked.stream ?? nav.values['stream'] ?? streams[0]?.stream
  const {id} = asked
  const declared = streams.find(one => one.stream === stream)
  const found = useResource(
    id === undefined || stream === undefined
      ? undefined
      : addressFor('GET /v1/admin/trace/{stream}/{id}', {path: {stream, id}}),
  )
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // On top of the page, where it was just put: reading begins here.
    if (id === undefined) return
    const title = place.current?.querySelector('h2')
    title?.setAttribute('tabindex', '-1')
    title?.focus({preventScroll: true})
    scrollTo(0, 0)
  }, [stream, id])
  const stages = found.data?.stages ?? []
  return (
    <div ref={place}>
      <Card
        title="Trace an event"
        note="see one event at every stage, with the time at each"
        csv={
          id === undefined
            ? undefined
            : {
                name: `trace-${stream}-${id}`,
                header: ['stage', 'found', 'at', 'note', 'data'],
                rows: () =>
                  stages.map(s => [s.stage, s.found, s.at, s.note, JSON.stringify(s.data)]),
              }
        }
      >
        <Form
          label="Trace an event"
          onSubmit={({trace = ''}) =>
            nav.set({trace: formatEvent(trace, stream, namesOf(streams)), stream: undefined})
          }
        >
          <Select
            label="Stream"
            value={stream ?? ''}
            // Also one that is in the address and not, or not yet, among those that are declared.
            options={[...new Set([...namesOf(streams), stream ?? ''])].map(
              name => [name, name] as const,
            )}
            onChange={next => nav.set(id === undefined ? {stream: next} : {trace: `${next}:${id}`})}
          />
          <TextField
            wide
            label="Event id"
            name="trace"
            value={id}
            placeholder={
              declared === undefined ? 'Id of a row' : `As in ${declared.table}, ${declared.id}`
            }
          />
          <button class="button primary" type="submit">
            Trace
          </button>
          {id === undefined ? null : (
            <button class="button" type="button" onClick={found.reload}>
              Look again
            </button>
          )}
        </Form>
        {id === undefined ? null : stream === undefined ? (
          <Await from={listed}>{() => null}</Await>
        ) : (
          <Await from={found}>{trace => <Stages trace={trace} />}</Await>
        )}
      </Card>
    </div>
  )
}

/** Where the record of an event lies, as the stage says it. */
function messageOf({stage, found, data}: Trace['stages'][number]): string | undefined {
  if (stage !== 'kafka' || found !== true) return undefined
  const {topic, partition, offset} = data as Readonly<Record<string, string | number>>
  return linkTo('inspector', {
    topic: String(topic),
    order: 'newest',
    open: `${partition}-${offset}`,
  })
}

const WORDS = (found: boolean | null): string =>
  found === null ? 'does not answer' : found ? 'found' : 'not there'

function Stages({trace}: {readonly trace: Trace}): JSX.Element {
  const offsets = sinceFirst(trace.stages.map(({at}) => at))
  return (
    <div class="traced">
      {trace.commit_to_visible_ms === null ? null : (
        <p>
          <strong>{formatMs(trace.commit_to_visible_ms)}</strong>{' '}
          <span class="muted">from commit to visible</span>
        </p>
      )}
      <ol class="trace">
        {trace.stages.map((stage, i) => (
          <li
            key={stage.stage}
            class={stage.found === true ? 'present' : 'absent'}
            data-trace={stage.stage}
          >
            <span class="rail" aria-hidden="true" />
            <div class="what">
              <div class="title">
                <h3>{NAMES[stage.stage] ?? stage.stage}</h3>
                <span
                  class={`tag ${stage.found === true ? 'good' : stage.found === null ? 'bad' : ''}`}
                >
                  {WORDS(stage.found)}
                </span>
                <span class="small muted">
                  {stage.at === null ? '' : formatTime(stage.at, {milliseconds: true})}
                  {offsets[i] === null || offsets[i] === undefined || offsets[i] === 0
                    ? ''
                    : ` (${offsets[i] > 0 ? '+' : '−'}${formatMs(Math.abs(offsets[i]))})`}
                </span>
              </div>
              {stage.note === null ? null : <p class="small muted breaks">{stage.note}</p>}
              <MessageLink href={messageOf(stage)} />
              {stage.data === null || stage.data === undefined ? null : (
                <details>
                  <summary class="small">What is there</summary>
                  <pre class="breaks">{JSON.stringify(stage.data, null, 2)}</pre>
                </details>
              )}
            </div>
          </li>
        ))}
      </ol>
    </div>
  )
}

function MessageLink({href}: {readonly href: string | undefined}): JSX.Element | null {
  if (href === undefined) return null
  return (
    <p class="links">
      <a href={href}>Message in the inspector</a>
    </p>
  )
}
