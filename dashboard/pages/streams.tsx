/** Any declared stream: what there is, and of one its figures, its keys and its events. */
import type {JSX} from 'preact'
import {nameOfKey, parseKey} from '../model/stream-key.ts'
import {choose} from '../model/url-state.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Stream} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Tabs} from '../ui/controls.tsx'
import {Head} from '../ui/shell.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {StreamEvents} from './stream-events.tsx'
import {StreamKeys} from './stream-keys.tsx'
import {StreamList} from './stream-list.tsx'
import {StreamOverview} from './stream-overview.tsx'
import {chosenRollup, SPECIAL_PAGES} from './stream-look.ts'

/** Streams are declared, and that is seldom. */
const REFRESH_MS = 30_000

const TABS = ['overview', 'keys', 'events'] as const
const TAB_WORDS = {overview: 'Overview', keys: 'Keys', events: 'Events'} as const

export function StreamsPage({nav}: {readonly nav: Navigation}): JSX.Element {
  const {stream: name} = nav.values
  const found = useResource(addressFor('GET /v1/streams'), REFRESH_MS)
  const stream = found.data?.items.find(one => one.stream === name)
  const tab = choose(nav.values['tab'], TABS)
  const special = name === undefined ? undefined : SPECIAL_PAGES[name]
  return (
    <>
      <Head {...titleOf(nav.values, stream, tab)}>
        {special === undefined || stream === undefined ? null : (
          <a href={linkTo(special.view)}>{special.title}</a>
        )}
        {name === undefined ? null : <a href={linkTo('streams')}>All streams</a>}
      </Head>
      {name === undefined || stream === undefined ? null : (
        <Tabs
          label="Parts of the stream"
          chosen={tab}
          tabs={TABS.map(one => [
            one,
            TAB_WORDS[one],
            linkTo('streams', {stream: name, tab: one === 'overview' ? undefined : one}),
          ])}
        />
      )}
      {name === undefined ? (
        <StreamList found={found} />
      ) : (
        <Await from={found}>
          {() =>
            stream === undefined ? (
              <NoStream name={name} />
            ) : tab === 'keys' ? (
              <StreamKeys stream={stream} nav={nav} />
            ) : tab === 'events' ? (
              <StreamEvents stream={stream} nav={nav} />
            ) : (
              <StreamOverview stream={stream} nav={nav} />
            )
          }
        </Await>
      )}
    </>
  )
}

/** What the page is called: the particular first. */
function titleOf(
  {stream: name, by, key}: Navigation['values'],
  stream: Stream | undefined,
  tab: (typeof TABS)[number],
): {readonly title: string; readonly part?: string} {
  if (name === undefined) return {title: 'Streams'}
  if (stream === undefined || tab === 'overview') return {title: name, part: 'Streams'}
  const columns = tab === 'events' ? 1 : (chosenRollup(stream, by)?.columns.length ?? 0)
  const chosen = key === undefined ? undefined : parseKey(key, columns)
  if (tab === 'events') {
    return {title: name, part: chosen === undefined ? 'Events' : `Events of ${nameOfKey(chosen)}`}
  }
  return chosen === undefined
    ? {title: name, part: TAB_WORDS[tab]}
    : {title: nameOfKey(chosen), part: name}
}

function NoStream({name}: {readonly name: string}): JSX.Element {
  return (
    <div class="card">
      <Empty title="There is no stream of this name">
        <bdi class="breaks">{name}</bdi>
      </Empty>
    </div>
  )
}
