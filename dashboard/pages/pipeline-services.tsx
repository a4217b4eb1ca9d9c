/** Relays, processors and stores: ready or not, why, and what they say about themselves. */
import type {JSX} from 'preact'
import {useRef} from 'preact/hooks'
import {meansBetween, toFacts} from '../model/details.ts'
import {formatMs} from '../model/format.ts'
import type {Service, Store} from '../net/types.ts'
import {Card} from '../ui/card.tsx'
import {Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

export function FlowDetails({
  services,
  stores,
}: {
  readonly services: readonly Service[]
  readonly stores: readonly Store[]
}): JSX.Element {
  return (
    <div class="cols">
      <Card
        title="Services"
        note="readiness and flush times, as each reports them"
        span={8}
        flush
        csv={{
          name: 'services',
          header: ['service', 'url', 'ready', 'reasons', 'details'],
          rows: () =>
            services.map(s => [
              s.name,
              s.url,
              s.ready,
              s.reasons.join('; '),
              JSON.stringify(s.details),
            ]),
        }}
      >
        {services.length === 0 ? (
          <Empty title="No service is known to this server" />
        ) : (
          <Table
            caption="Services"
            rows={services}
            keyOf={service => `${service.name} ${service.url}`}
            columns={[
              {title: 'Service', cell: service => service.name},
              {title: 'State', cell: service => <Ready service={service} />},
              {
                title: 'Says',
                kind: 'fill',
                cell: service => <Says service={service} />,
              },
            ]}
          />
        )}
      </Card>
      <Card
        title="Servers"
        note="time to answer"
        span={4}
        flush
        csv={{
          name: 'servers',
          header: ['server', 'answers', 'milliseconds'],
          rows: () => stores.map(s => [s.name, s.ok, s.milliseconds]),
        }}
      >
        <Table
          caption="Servers"
          rows={stores}
          keyOf={store => store.name}
          columns={[
            {title: 'Server', kind: 'fill', cell: store => store.name},
            {
              title: 'State',
              cell: store => (
                <span class={`tag ${store.ok ? 'good' : 'bad'}`}>
                  {store.ok ? 'answers' : 'away'}
                </span>
              ),
            },
            {title: 'Time', kind: 'num', cell: store => formatMs(store.milliseconds)},
          ]}
        />
      </Card>
    </div>
  )
}

function Ready({service}: {readonly service: Service}): JSX.Element {
  if (service.ready === null) return <span class="tag bad">does not answer</span>
  return (
    <span class={`tag ${service.ready ? 'good' : 'warn'}`}>
      {service.ready ? 'ready' : 'not ready'}
    </span>
  )
}

function Says({service}: {readonly service: Service}): JSX.Element {
  const before = useRef<unknown>(undefined)
  const means = useRef<ReadonlyMap<string, number>>(new Map())
  if (before.current !== service.details) {
    means.current = meansBetween(before.current, service.details, means.current)
    before.current = service.details
  }
  const facts = toFacts(service.details, means.current)
  return (
    <div class="breaks small">
      {service.reasons.map(reason => (
        <p key={reason}>{reason}</p>
      ))}
      {facts.slice(0, 12).map(([name, value]) => (
        <span key={name} class="fact">
          <span class="muted">{name}</span> {value.slice(0, 400)}
        </span>
      ))}
      {facts.length + service.reasons.length > 0 ? null : <span class="muted">{service.url}</span>}
    </div>
  )
}
