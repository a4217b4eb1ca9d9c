/** One stream: its whole in figures, what it has the most of now, and what else can be asked. */
import type {JSX} from 'preact'
import type {Navigation} from '../net/navigation.ts'
import {linkTo} from '../net/navigation.ts'
import {formatCount, shorten} from '../model/format.ts'
import type {Stream} from '../net/types.ts'
import {Card} from '../ui/card.tsx'
import {Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'
import {wholeOf} from './stream-look.ts'
import {StreamRow} from './stream-row.tsx'
import {ActiveCard, TopCard} from './stream-windows.tsx'

export function StreamOverview({
  stream,
  nav,
}: {
  readonly stream: Stream
  readonly nav: Navigation
}): JSX.Element {
  const whole = wholeOf(stream)
  return (
    <>
      {whole === undefined ? (
        <div class="card">
          <Empty title="The whole of this stream is not counted">
            A rollup without a key would show here. What is counted stands below.
          </Empty>
        </div>
      ) : (
        <StreamRow row={{stream, rollup: whole, key: []}} nav={nav} />
      )}
      {stream.top.length + stream.active.length === 0 ? null : (
        <div class="cols">
          {stream.top.map(window => (
            <TopCard key={window.by} stream={stream} window={window} nav={nav} />
          ))}
          {stream.active.length === 0 ? null : <ActiveCard stream={stream} />}
        </div>
      )}
      <RollupsCard stream={stream} />
      <FactsCard stream={stream} />
    </>
  )
}

/** The others are chosen among the keys. */
const ROLLUPS_SHOWN = 20

/** Everything that its events are counted by. */
function RollupsCard({stream}: {readonly stream: Stream}): JSX.Element {
  const list = (names: readonly string[]): string => names.join(', ') || 'nothing'
  return (
    <Card
      title="Counted by"
      note="what can be asked of this stream"
      flush
      csv={{
        name: `rollups-${stream.stream}`,
        header: ['by', 'columns', 'splits', 'levels', 'metrics'],
        rows: () =>
          stream.rollups.map(one => [
            one.by,
            one.columns.join(', '),
            one.splits.join(', '),
            one.levels.join(', '),
            one.metrics.join(', '),
          ]),
      }}
    >
      {stream.rollups.length === 0 ? (
        <Empty title="Nothing is counted">Single events are kept: see Events.</Empty>
      ) : (
        <Table
          caption="Rollups"
          rows={stream.rollups.slice(0, ROLLUPS_SHOWN)}
          keyOf={({by}) => by}
          columns={[
            {
              title: 'Rollup',
              kind: 'fill',
              cell: ({by, columns}) => (
                <a
                  class="clip"
                  title={by}
                  href={linkTo('streams', {stream: stream.stream, tab: 'keys', by})}
                >
                  <bdi>{columns.length === 0 ? `${by}, the whole stream` : by}</bdi>
                </a>
              ),
            },
            {title: 'Split by', extra: true, cell: ({splits}) => shorten(list(splits), 60)},
            {title: 'Kept by', extra: true, cell: ({levels}) => list(levels)},
            {
              title: 'Metrics',
              kind: 'num',
              cell: ({metrics}) => (
                <span title={shorten(list(metrics), 1000)}>{formatCount(metrics.length)}</span>
              ),
            },
          ]}
        />
      )}
      {stream.rollups.length <= ROLLUPS_SHOWN ? null : (
        <p class="inset">
          <a href={linkTo('streams', {stream: stream.stream, tab: 'keys'})}>
            and {stream.rollups.length - ROLLUPS_SHOWN} more
          </a>
        </p>
      )}
    </Card>
  )
}

/** Where it comes from, and where it lies. */
function FactsCard({
  stream: {stream, table, topic, key, id, time},
}: {
  readonly stream: Stream
}): JSX.Element {
  return (
    <Card title="Where it is from">
      <dl class="columns">
        <dt>Table</dt>
        <dd>{table}</dd>
        <dt>Topic</dt>
        <dd>
          <a href={linkTo('inspector', {topic})}>{topic}</a>
        </dd>
        <dt>Key</dt>
        <dd>
          <a href={linkTo('streams', {stream, tab: 'events'})}>{key}</a>
        </dd>
        <dt>Id</dt>
        <dd>{id}</dd>
        <dt>Time</dt>
        <dd>{time ?? 'that of the commit'}</dd>
      </dl>
    </Card>
  )
}
