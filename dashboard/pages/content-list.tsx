/** All contents, to find one. */
import type {JSX} from 'preact'
import {formatSeconds, formatTime} from '../model/format.ts'
import {nameOf} from '../model/names.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import {addressFor} from '../net/address.ts'
import {requestAll} from '../net/all-pages.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Form, TextField} from '../ui/controls.tsx'
import {Head} from '../ui/shell.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

/** The most that the API gives at once. */
const PAGE_MAX = 500

export function ContentList({nav}: {readonly nav: Navigation}): JSX.Element {
  const {q, cursor} = nav.values
  const found = useResource(addressFor('GET /v1/content', {query: {search: q, cursor, limit: 50}}))
  const all = () =>
    requestAll(after =>
      addressFor('GET /v1/content', {query: {search: q, cursor: after, limit: PAGE_MAX}}),
    )
  return (
    <>
      <Head title="Content" part={q === undefined ? undefined : `“${q}”`} />
      <Form label="Find content" onSubmit={({q: text}) => nav.set({q: text, cursor: undefined})}>
        <TextField
          wide
          label="Title or slug"
          name="q"
          type="search"
          value={q}
          placeholder="Part of a title or slug"
        />
        <button class="button" type="submit">
          Search
        </button>
      </Form>
      <Card
        title={q === undefined ? 'All content, newest first' : `Found for “${q}”`}
        flush
        csv={{
          name: 'content',
          header: ['id', 'slug', 'title', 'content_type', 'length_seconds', 'publish_ts'],
          // All that was found, not the page of it.
          rows: async () =>
            (await all()).map(c => [
              c.id,
              c.slug,
              c.title,
              c.content_type,
              c.length_seconds,
              c.publish_ts,
            ]),
        }}
      >
        <Await from={found}>
          {({items: rows, page}) =>
            rows.length === 0 ? (
              <Empty title="Nothing found">
                {q === undefined
                  ? 'Insert a row into content and it appears here.'
                  : 'Try fewer letters.'}
              </Empty>
            ) : (
              <>
                <Table
                  caption="Content"
                  rows={rows}
                  keyOf={row => row.id}
                  columns={[
                    {
                      title: 'Title',
                      kind: 'fill',
                      cell: row => (
                        <>
                          <a
                            class="name"
                            href={linkTo('content', {id: row.id})}
                            dir="auto"
                            title={nameOf(row)}
                          >
                            {nameOf(row)}
                          </a>
                          <span class="narrow small muted">
                            {row.content_type ?? 'no type'} · {formatSeconds(row.length_seconds)} ·{' '}
                            {formatTime(row.publish_ts)}
                          </span>
                        </>
                      ),
                    },
                    {title: 'Type', extra: true, cell: row => row.content_type ?? '–'},
                    {
                      title: 'Length',
                      extra: true,
                      kind: 'num',
                      cell: row => formatSeconds(row.length_seconds),
                    },
                    {
                      title: 'Published',
                      extra: true,
                      kind: 'num',
                      cell: row => formatTime(row.publish_ts),
                    },
                  ]}
                />
                {page?.next_cursor === null || page === undefined ? null : (
                  <p class="inset">
                    <a href={nav.link({cursor: page.next_cursor})}>Next page</a>
                  </p>
                )}
              </>
            )
          }
        </Await>
      </Card>
    </>
  )
}
