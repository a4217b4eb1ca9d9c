/** Keys of a rollup by what they have of a metric in a stretch of time, to choose one. */
import type {JSX} from 'preact'
import {formatKey, type Key} from '../model/stream-key.ts'
import {choose} from '../model/url-state.ts'
import {addressFor} from '../net/address.ts'
import type {Navigation} from '../net/navigation.ts'
import type {Stream, StreamRollup} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Select} from '../ui/controls.tsx'
import {Await, Notes} from '../ui/states.tsx'
import {EVER, lookOf, periodOf, wordsOf} from './stream-look.ts'
import {LookControls} from './stream-row.tsx'
import {csvOf, TopTable} from './stream-windows.tsx'

const LIMIT = 50

export function KeyList({
  stream,
  rollup,
  nav,
  tab,
}: {
  readonly stream: Stream
  readonly rollup: StreamRollup
  readonly nav: Navigation
  /** The part of the page that a key leads to. */
  readonly tab: 'keys' | 'events'
}): JSX.Element {
  const {by, metrics} = rollup
  const look = lookOf(rollup, nav, EVER)
  const metric = choose(nav.values['most'], metrics)
  // Every key is read for it: asked for once, not again and again.
  const found = useResource(
    addressFor('GET /v1/streams/{stream}/top', {
      path: {stream: stream.stream},
      query: {
        by,
        metric,
        limit: LIMIT,
        ...(look.stretch ? periodOf(rollup, look) : {period: EVER}),
      },
    }),
  )
  const toKey = (key: Key) => ({
    stream: stream.stream,
    tab,
    by: tab === 'keys' ? by : undefined,
    key: formatKey(key),
  })
  return (
    <>
      <div class="row">
        <LookControls look={look} nav={nav} ever />
      </div>
      <Card
        title={`Most by ${by}`}
        note={`the first ${LIMIT}, ${wordsOf(look)}`}
        flush
        tools={
          <>
            <Select
              label="Metric"
              hideLabel
              value={metric}
              options={metrics.map(name => [name, name] as const)}
              onChange={next => nav.set({most: next})}
            />
            <button class="button small" type="button" onClick={found.reload}>
              Look again
            </button>
          </>
        }
        csv={csvOf(`top-${by}`, found.data)}
      >
        <Await from={found}>
          {top => (
            <>
              <Notes meta={top.meta} />
              <TopTable
                top={top}
                caption={`Most by ${by}`}
                empty="Nothing in this range"
                linkOf={toKey}
              />
            </>
          )}
        </Await>
      </Card>
    </>
  )
}
