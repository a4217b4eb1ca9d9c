/** Subjects, their versions, and what changed between two. */
import type {JSX} from 'preact'
import {diffLines} from '../model/line-diff.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Select} from '../ui/controls.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

export function Schemas({nav}: {readonly nav: Navigation}): JSX.Element {
  const {subject} = nav.values
  const found = useResource(addressFor('GET /v1/admin/schemas'))
  return (
    <div class="cols">
      <Card
        title="Subjects"
        span={4}
        flush
        csv={{
          name: 'subjects',
          header: ['subject', 'versions'],
          rows: () => (found.data?.items ?? []).map(s => [s.subject, s.versions.join(' ')]),
        }}
      >
        <Await from={found}>
          {({items}) =>
            items.length === 0 ? (
              <Empty title="No subject is registered" />
            ) : (
              <Table
                caption="Subjects"
                rows={items}
                keyOf={row => row.subject}
                columns={[
                  {
                    title: 'Subject',
                    kind: 'fill',
                    cell: row => (
                      <a
                        class="clip"
                        href={linkTo('inspector', {tab: 'schemas', subject: row.subject})}
                        aria-current={row.subject === subject ? 'true' : undefined}
                      >
                        {row.subject}
                      </a>
                    ),
                  },
                  {title: 'Versions', kind: 'num', cell: row => row.versions.length},
                ]}
              />
            )
          }
        </Await>
      </Card>
      {subject === undefined ? (
        <Card title="Schema" span={8}>
          <Empty title="Choose a subject" />
        </Card>
      ) : (
        <OneSubject key={subject} subject={subject} nav={nav} />
      )}
    </div>
  )
}

const print = (schema: unknown): string =>
  typeof schema === 'string' ? schema : JSON.stringify(schema, null, 2)

function OneSubject({
  subject,
  nav,
}: {
  readonly subject: string
  readonly nav: Navigation
}): JSX.Element {
  const found = useResource(addressFor('GET /v1/admin/schemas/{subject}', {path: {subject}}))
  return (
    <Await from={found}>
      {({versions}) => {
        const sorted = versions.toSorted((a, b) => a.version - b.version)
        const shown =
          sorted.find(one => String(one.version) === nav.values['version']) ?? sorted.at(-1)
        const base = sorted.find(one => String(one.version) === nav.values['against'])
        const names = sorted.map(one => [String(one.version), `version ${one.version}`] as const)
        if (shown === undefined) return <Empty title="No version" />
        return (
          <Card
            title={subject}
            note={`version ${shown.version}, id ${shown.id}`}
            span={8}
            flush
            csv={{
              name: subject,
              header: ['version', 'id', 'schema'],
              rows: () => sorted.map(s => [s.version, s.id, JSON.stringify(s.schema)]),
            }}
            tools={
              <>
                <Select
                  label="Version"
                  hideLabel
                  value={String(shown.version)}
                  options={names}
                  onChange={next => nav.set({version: next})}
                />
                <Select
                  label="Compare with"
                  hideLabel
                  value={base === undefined ? '' : String(base.version)}
                  options={[['', 'no comparison'], ...names]}
                  onChange={next => nav.set({against: next})}
                />
              </>
            }
          >
            <pre class="diff">
              {diffLines(
                base === undefined ? print(shown.schema) : print(base.schema),
                print(shown.schema),
              ).map((line, i) => (
                <span key={i} class={line.kind}>
                  {line.kind === 'added' ? '+ ' : line.kind === 'removed' ? '- ' : '  '}
                  {line.text}
                </span>
              ))}
            </pre>
          </Card>
        )
      }}
    </Await>
  )
}
