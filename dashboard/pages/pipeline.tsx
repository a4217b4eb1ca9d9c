/** The way of one event as a live picture: where it waits, who owns what, how far behind. */
import type {JSX} from 'preact'
import {useRef} from 'preact/hooks'
import {
  formatCompact,
  formatCount,
  formatMs,
  formatRate,
  formatRatio,
  NONE,
} from '../model/format.ts'
import {
  judgeLag,
  judgeOutbox,
  judgeServices,
  judgeStage,
  judgeStores,
  rateBetween,
  type Health,
  type Judged,
} from '../model/stages.ts'
import type {Pipeline, Service} from '../net/types.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import {useResource} from '../net/use-resource.ts'
import {Head} from '../ui/shell.tsx'
import {Await, PollSign} from '../ui/states.tsx'
import {BackfillsCard} from './pipeline-backfills.tsx'
import {HealthCard, ReconcileCard} from './pipeline-health.tsx'
import {LagCard, LanesCard} from './pipeline-lag.tsx'
import {FlowDetails} from './pipeline-services.tsx'
import {TraceCard} from './pipeline-trace.tsx'

const REFRESH_MS = 1000

/** Records of all topics together, to see how fast they grow between two looks. */
function useTopicRates(data: Pipeline | undefined): ReadonlyMap<string, number> {
  const before = useRef<{data: Pipeline; at: number; ends: Map<string, number>} | undefined>(
    undefined,
  )
  const rates = useRef<ReadonlyMap<string, number>>(new Map())
  if (data !== undefined && before.current?.data !== data) {
    const at = Date.now()
    const ends = new Map<string, number>()
    for (const {topic, end} of data.partitions) ends.set(topic, (ends.get(topic) ?? 0) + end)
    const old = before.current
    rates.current = new Map(
      [...ends].flatMap(([topic, count]) => {
        const oldCount = old?.ends.get(topic)
        const rate = rateBetween(
          old === undefined || oldCount === undefined ? undefined : {at: old.at, count: oldCount},
          {at, count},
        )
        return rate === undefined ? [] : [[topic, rate] as const]
      }),
    )
    before.current = {data, at, ends}
  }
  return rates.current
}

export function PipelinePage({nav}: {readonly nav: Navigation}): JSX.Element {
  const found = useResource(addressFor('GET /v1/admin/pipeline'), REFRESH_MS)
  const rates = useTopicRates(found.data)
  const {trace} = nav.values
  return (
    <>
      <Head title="Pipeline" part={trace}>
        <PollSign of={found} />
      </Head>
      {/* An event that is asked for is what the page is opened for. */}
      {trace === undefined ? null : <TraceCard nav={nav} />}
      <HealthCard />
      <Await from={found}>
        {data => (
          <>
            <Way data={data} rates={rates} />
            <div class="cols">
              <LagCard data={data} rates={rates} />
              <LanesCard data={data} />
            </div>
            <FlowDetails services={data.services} stores={data.stores} />
            <ReconcileCard data={data} />
          </>
        )}
      </Await>
      <BackfillsCard />
      {trace === undefined ? <TraceCard nav={nav} /> : null}
    </>
  )
}

function Stage({
  name,
  judged: {health, word},
  figure,
  unit,
  facts,
}: {
  readonly name: string
  readonly judged: Judged
  readonly figure: number | string | null
  readonly unit: string
  /** As many whatever they say: a card that grows moves everything below it. */
  readonly facts: readonly (readonly [string, JSX.Element | string])[]
}): JSX.Element {
  return (
    <li class={`stage ${health}`} data-stage={name}>
      <header>
        <h2>{name}</h2>
        <span class={`tag ${health}`}>{word}</span>
      </header>
      <p class="figure" title={typeof figure === 'number' ? formatCount(figure) : undefined}>
        {typeof figure === 'string' ? figure : formatCompact(figure)}
        <small>{unit}</small>
      </p>
      <dl>
        {facts.map(([term, fact]) => (
          <>
            <dt key={`${term} term`}>{term}</dt>
            <dd key={term} class="clip" title={typeof fact === 'string' ? fact : undefined}>
              {fact}
            </dd>
          </>
        ))}
      </dl>
    </li>
  )
}

const named = (services: readonly Service[], name: string): readonly Service[] =>
  services.filter(service => service.name === name)

const readyOf = (services: readonly Service[]): string =>
  services.length === 0
    ? NONE
    : `${services.filter(one => one.ready === true).length} of ${services.length}`

function storeFact(data: Pipeline, name: string): string {
  const store = data.stores.find(one => one.name.startsWith(name))
  if (store === undefined) return NONE
  return store.ok ? `answers in ${formatMs(store.milliseconds)}` : 'does not answer'
}

function Way({
  data,
  rates,
}: {
  readonly data: Pipeline
  readonly rates: ReadonlyMap<string, number>
}): JSX.Element {
  const {outbox, lanes, lag_records: lag, services, stores, dead_letters: letters} = data
  const rate = rates.size === 0 ? undefined : [...rates.values()].reduce((sum, one) => sum + one, 0)
  const relays = named(services, 'ingestor')
  const processors = named(services, 'processor')
  const of = (...names: readonly string[]): Health =>
    judgeStores(stores.filter(({name}) => names.some(prefix => name.startsWith(prefix))))
  const dead =
    letters.outbox === null && letters.topics === null
      ? null
      : (letters.outbox ?? 0) + (letters.topics ?? 0)
  const worstPartition = data.partitions.reduce<(typeof data.partitions)[number] | undefined>(
    (most, one) => (one.lag > (most?.lag ?? 0) ? one : most),
    undefined,
  )
  return (
    <ol class="way" aria-label="The way of one event">
      <Stage
        name="PostgreSQL"
        judged={judgeStage([
          [judgeOutbox(outbox.unpublished, outbox.oldest_seconds)],
          [of('postgres')],
        ])}
        figure={outbox.unpublished}
        unit="rows waiting"
        facts={[
          [
            'oldest',
            outbox.oldest_seconds === null ? 'none waits' : formatMs(outbox.oldest_seconds * 1000),
          ],
          ['server', storeFact(data, 'postgres')],
        ]}
      />
      <Stage
        name="Relay"
        judged={judgeStage([[judgeServices(relays), 'Not ready']])}
        figure={lanes.length}
        unit={lanes.length === 1 ? 'lane' : 'lanes'}
        facts={[
          ['owned', `${lanes.filter(lane => lane.owner !== null).length} of ${lanes.length}`],
          ['ready', readyOf(relays)],
          ['put aside, 1 h', formatRatio(letters.share.hour.outbox)],
        ]}
      />
      <Stage
        name="Kafka"
        judged={judgeStage([[of('kafka', 'registry')]])}
        figure={formatRate(rate)}
        unit="records per second"
        facts={[
          ['broker', storeFact(data, 'kafka')],
          ['registry', storeFact(data, 'registry')],
        ]}
      />
      <Stage
        name="Processor"
        judged={judgeStage([[judgeLag(lag)], [judgeServices(processors), 'Not ready']])}
        figure={lag}
        unit="records behind"
        facts={[
          [
            'most behind',
            worstPartition === undefined
              ? 'none'
              : `${formatCount(worstPartition.lag)} in ${worstPartition.topic} ${worstPartition.partition}`,
          ],
          ['ready', readyOf(processors)],
          ['put aside, 1 h', formatRatio(letters.share.hour.topics)],
        ]}
      />
      <Stage
        name="Stores"
        judged={judgeStage([
          [of('cassandra', 'redis')],
          [dead === null ? 'unknown' : dead > 0 ? 'warn' : 'good', 'Needs a look'],
        ])}
        figure={dead}
        unit="open dead letters"
        facts={[
          ['Cassandra', storeFact(data, 'cassandra')],
          ['Redis', storeFact(data, 'redis')],
          ['look', <a href={linkTo('inspector', {tab: 'dead-letters'})}>dead letters</a>],
        ]}
      />
    </ol>
  )
}
