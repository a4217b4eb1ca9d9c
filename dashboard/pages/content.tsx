/** One content, or two side by side: how much, when, how far, on what, and what arrives right now. */
import type {JSX} from 'preact'
import {choose} from '../model/url-state.ts'
import {chooseRange, RANGE_NAMES, RANGES} from '../model/ranges.ts'
import {formatTime} from '../model/format.ts'
import {nameOf} from '../model/names.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Content, ContentMetrics} from '../net/types.ts'
import {useLive, type LiveMessage} from '../net/use-live.ts'
import {useResource} from '../net/use-resource.ts'
import {Choice, Select} from '../ui/controls.tsx'
import {ContentPicker} from '../ui/content-picker.tsx'
import {Head} from '../ui/shell.tsx'
import {Await, Empty, LiveProblem, LiveSign} from '../ui/states.tsx'
import {BreakdownCard} from './content-breakdown.tsx'
import {LatestEvents} from './content-events.tsx'
import {ContentList} from './content-list.tsx'
import {PercentileCard} from './content-percentiles.tsx'
import {RetentionCard} from './content-retention.tsx'
import {SERIES_METRICS, SeriesCard} from './content-series.tsx'
import {Totals, type Names} from './content-totals.tsx'

const EVENTS = ['content', 'stale']
const takeLatest = (_: ContentMetrics | undefined, {data}: LiveMessage): ContentMetrics =>
  data as ContentMetrics

export function ContentPage({nav}: {readonly nav: Navigation}): JSX.Element {
  const {id} = nav.values
  if (id === undefined) return <ContentList nav={nav} />
  return <OneContent key={id} id={id} nav={nav} />
}

/** No content has the id, or could have it: what ids are is a matter of the table. */
const NOT_THERE = new Set([400, 404])

function NoContent({id}: {readonly id: string}): JSX.Element {
  return (
    <>
      <Head title="No such content" part="Content" />
      <div class="card">
        <Empty title="There is no content with this id">
          <bdi class="breaks">{id}</bdi>. <a href={linkTo('content')}>All content</a>
        </Empty>
      </div>
    </>
  )
}

function useContent(id: string | undefined): ReturnType<
  typeof useLive<ContentMetrics | undefined>
> & {
  readonly first: ReturnType<typeof useResource<ContentMetrics>>
} {
  const path = id === undefined ? undefined : {id}
  const first = useResource(path && addressFor('GET /v1/content/{id}/metrics', {path}))
  // What does not exist is asked for once, and what cannot be read now is not asked for twice.
  const exists = first.data !== undefined
  const live = useLive<ContentMetrics | undefined>(
    exists ? path && addressFor('GET /v1/live/content/{id}', {path}) : undefined,
    {events: EVENTS, initial: undefined, fold: takeLatest},
  )
  return {...live, first}
}

function OneContent({id, nav}: {readonly id: string; readonly nav: Navigation}): JSX.Element {
  const {compare} = nav.values
  const one = useContent(id)
  const other = useContent(compare)
  const {range, granularity} = chooseRange(nav.values['range'], nav.values['granularity'])
  const metric = choose(nav.values['metric'], SERIES_METRICS)
  const answer = one.state ?? one.first.data
  const second = compare === undefined ? undefined : (other.state ?? other.first.data)
  /** Changes with the figures: what hangs on them is asked for again. */
  const version = one.state?.metrics.events ?? 0
  if (NOT_THERE.has(one.first.error?.status ?? 0)) return <NoContent id={id} />
  const ids = compare === undefined ? [id] : [id, compare]
  const names: Names = [nameOf(answer?.content, ''), nameOf(second?.content, 'the other')]
  return (
    <>
      <Head
        title={nameOf(answer?.content, 'Content')}
        part={answer === undefined ? undefined : 'Content'}
        tag={answer && <TypeTag content={answer.content} />}
      >
        {answer === undefined ? null : (
          <LiveSign status={one.status} heardAt={one.heardAt} error={one.error} />
        )}
      </Head>
      <LiveProblem live={one} hasData />
      {compare === undefined || other.first.error === undefined ? null : (
        <p class="notice" role="status">
          Nothing to compare with: {other.first.error.message}
        </p>
      )}
      <div class="row">
        <ContentPicker label="Content" value={names[0]} onPick={picked => nav.set({id: picked})} />
        <ContentPicker
          label="Compare with"
          value={compare === undefined ? undefined : names[1]}
          onPick={picked => nav.set({compare: picked})}
          onClear={compare === undefined ? undefined : () => nav.set({compare: undefined})}
        />
      </div>
      <Await from={{...one.first, data: answer}}>
        {data => (
          <>
            <Totals one={data.metrics} other={second?.metrics} names={names} />
            <div class="row">
              <Choice
                label="Range of time"
                value={range}
                options={RANGE_NAMES.map(name => [name, RANGES[name].label] as const)}
                onChange={next => nav.set({range: next, granularity: undefined})}
              />
              <Select
                label="Granularity"
                hideLabel
                value={granularity}
                options={RANGES[range].granularities.map(name => [name, `by ${name}`] as const)}
                onChange={next => nav.set({granularity: next})}
              />
            </div>
            <SeriesCard
              {...{ids, names, range, granularity, metric}}
              onMetric={next => nav.set({metric: next})}
            />
            <div class="cols">
              <RetentionCard ids={ids} names={names} />
              <PercentileCard one={data.metrics} other={second?.metrics} names={names} />
            </div>
            <div class="cols">
              <BreakdownCard dimension="event_type" title="Event types" {...{ids, names, range}} />
              <BreakdownCard dimension="device" title="Devices" {...{ids, names, range}} />
            </div>
            <LatestEvents id={id} version={version} of={ids.length > 1 ? names[0] : undefined} />
          </>
        )}
      </Await>
    </>
  )
}

function TypeTag({content}: {readonly content: Content}): JSX.Element {
  return (
    <span class="tag" title={`published ${formatTime(content.publish_ts)}`}>
      {content.content_type ?? 'no type'}
    </span>
  )
}
