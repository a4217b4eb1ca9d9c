import {expect, onTestFinished, test, vi} from 'vitest'
import {openLive, type LiveStatus} from './live.ts'

test('figures that the server calls stale are called so until it sends some', () => {
  const sources: EventTarget[] = []
  vi.stubGlobal('document', Object.assign(new EventTarget(), {hidden: false}))
  vi.stubGlobal(
    'EventSource',
    class extends EventTarget {
      constructor() {
        super()
        sources.push(this)
      }
      close(): void {}
    },
  )
  onTestFinished(() => void vi.unstubAllGlobals())
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
