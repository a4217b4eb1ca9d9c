/** What is in Kafka and in the registry, and what could not be handled. */
import type {JSX} from 'preact'
import {choose} from '../model/url-state.ts'
import {formatCount} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Tabs} from '../ui/controls.tsx'
import {Head} from '../ui/shell.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'
import {DeadLetters} from './inspector-dead-letters.tsx'
import {Groups} from './inspector-groups.tsx'
import {Messages} from './inspector-messages.tsx'
import {Schemas} from './inspector-schemas.tsx'
import {TopicConfig, TopicPartitions} from './inspector-topic.tsx'

const TABS = ['topics', 'groups', 'schemas', 'dead-letters'] as const
const TAB_WORDS: Readonly<Record<(typeof TABS)[number], string>> = {
  topics: 'Topics',
  groups: 'Consumer groups',
  schemas: 'Schemas',
  'dead-letters': 'Dead letters',
}
const TOPIC_TABS = ['messages', 'partitions', 'groups', 'config'] as const
const TOPIC_WORDS: Readonly<Record<(typeof TOPIC_TABS)[number], string>> = {
  messages: 'Messages',
  partitions: 'Partitions',
  groups: 'Consumers',
  config: 'Configuration',
}

export function InspectorPage({nav}: {readonly nav: Navigation}): JSX.Element {
  const {topic} = nav.values
  if (topic !== undefined) return <OneTopic key={topic} topic={topic} nav={nav} />
  const tab = choose(nav.values['tab'], TABS)
  return (
    <>
      <Head title="Inspector" part={TAB_WORDS[tab]} />
      <Tabs
        label="Parts of the inspector"
        chosen={tab}
        tabs={TABS.map(name => [
          name,
          TAB_WORDS[name],
          linkTo('inspector', {tab: name === 'topics' ? undefined : name}),
        ])}
      />
      {tab === 'topics' ? <Topics /> : null}
      {tab === 'groups' ? <Groups /> : null}
      {tab === 'schemas' ? <Schemas nav={nav} /> : null}
      {tab === 'dead-letters' ? <DeadLetters nav={nav} /> : null}
    </>
  )
}

function Topics(): JSX.Element {
  const found = useResource(addressFor('GET /v1/admin/topics'), 1000)
  const items = found.data?.items ?? []
  return (
    <Card
      title="Topics"
      flush
      csv={{
        name: 'topics',
        header: ['topic', 'partitions', 'records'],
        rows: () => items.map(row => [row.topic, row.partitions, row.records]),
      }}
    >
      <Await from={found}>
        {({items: rows}) =>
          rows.length === 0 ? (
            <Empty title="No topics yet" />
          ) : (
            <Table
              caption="Topics"
              rows={rows}
              keyOf={row => row.topic}
              columns={[
                {
                  title: 'Topic',
                  kind: 'fill',
                  cell: row => <a href={linkTo('inspector', {topic: row.topic})}>{row.topic}</a>,
                },
                {title: 'Partitions', kind: 'num', cell: row => formatCount(row.partitions)},
                {
                  title: 'Records',
                  kind: 'num',
                  cell: row => <span data-records={row.topic}>{formatCount(row.records)}</span>,
                },
              ]}
            />
          )
        }
      </Await>
    </Card>
  )
}

function OneTopic({topic, nav}: {readonly topic: string; readonly nav: Navigation}): JSX.Element {
  const tab = choose(nav.values['tab'], TOPIC_TABS)
  return (
    <>
      <Head title={topic} part={TOPIC_WORDS[tab]}>
        <a href={linkTo('inspector')}>All topics</a>
      </Head>
      <Tabs
        label="Parts of the topic"
        chosen={tab}
        tabs={TOPIC_TABS.map(name => [
          name,
          TOPIC_WORDS[name],
          linkTo('inspector', {topic, tab: name === 'messages' ? undefined : name}),
        ])}
      />
      {tab === 'messages' ? <Messages topic={topic} nav={nav} /> : null}
      {tab === 'partitions' ? <TopicPartitions topic={topic} /> : null}
      {tab === 'groups' ? <Groups topic={topic} /> : null}
      {tab === 'config' ? <TopicConfig topic={topic} /> : null}
    </>
  )
}
