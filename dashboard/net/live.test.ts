import {expect, onTestFinished, test, vi} from 'vitest'
import {openLive, type LiveStatus} from './live.ts'

const CLOSED = 2

/** Streams as the browser opens them; each stays as it is until the test says so. */
function stubSources(): readonly (EventTarget & {readyState: number})[] {
  const sources: (EventTarget & {readyState: number})[] = []
  vi.stubGlobal('document', Object.assign(new EventTarget(), {hidden: false}))
  vi.stubGlobal(
    'EventSource',
    class extends EventTarget {
      static readonly CLOSED = CLOSED
      readyState = 0
      constructor() {
        super()
        sources.push(this)
      }
      close(): void {}
    },
  )
  onTestFinished(() => void vi.unstubAllGlobals())
  return sources
}

/** Refuses a stream: the browser does not say why, the same question does. */
function refuse(source: EventTarget & {readyState: number}, status: number, detail: string): void {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({detail}, {status})))
  source.readyState = CLOSED
  source.dispatchEvent(new Event('error'))
}

function listen(): {readonly statuses: LiveStatus[]; readonly problems: string[]} {
  const heard = {statuses: [] as LiveStatus[], problems: [] as string[]}
  const close = openLive('/live', {
    events: ['content'],
    onStatus: status => heard.statuses.push(status),
    onMessage: () => undefined,
    onProblem: ({message}) => heard.problems.push(message),
  })
  onTestFinished(close)
  return heard
}

test('INV-91: a stream that is refused for now says why and is opened again', async () => {
  const sources = stubSources()
  const {statuses, problems} = listen()
  refuse(sources[0]!, 503, 'Redis does not answer now')
  await vi.waitFor(() => expect(sources.length).toBe(2), 3000)
  expect(problems).toEqual(['Redis does not answer now'])
  sources[1]!.dispatchEvent(new Event('open'))
  expect(statuses).toEqual(['connecting', 'stale', 'live'])
})

test('a stream of what does not exist is asked for once', async () => {
  const sources = stubSources()
  const {statuses, problems} = listen()
  refuse(sources[0]!, 404, 'there is no content 7')
  await vi.waitFor(() => expect(statuses).toEqual(['connecting', 'stale', 'refused']))
  // Whoever comes back to the page does not ask again, either.
  document.dispatchEvent(new Event('visibilitychange'))
  expect([sources.length, problems]).toEqual([1, ['there is no content 7']])
})

test('figures that the server calls stale are called so until it sends some', () => {
  const sources = stubSources()
  const statuses: LiveStatus[] = []
  const messages: unknown[] = []
  const close = openLive('/live', {
    events: ['content', 'stale'],
    onStatus: status => statuses.push(status),
    onMessage: (event, data) => messages.push([event, data]),
  })
  onTestFinished(close)
  const hear = (event: string, data = ''): void =>
    void sources[0]!.dispatchEvent(new MessageEvent(event, {data}))
  hear('open')
  hear('stale', '{"reason":"Redis"}')
  hear('stale', '{"reason":"Redis"}')
  hear('content', '{"events":1}')
  expect(statuses).toEqual(['connecting', 'live', 'stale', 'live'])
  expect(messages).toEqual([['content', {events: 1}]])
})
