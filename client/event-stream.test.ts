import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {formatMessage} from '../api/live/stream.ts'
import {createEventParser, type RawMessage} from './event-stream.ts'

const read = (pieces: readonly string[], heard?: string) => {
  const parser = createEventParser(heard)
  const messages = pieces.flatMap(piece => parser.push(piece))
  return {messages, lastEventId: parser.lastEventId, retryMs: parser.retryMs}
}
const messagesOf = (text: string): readonly RawMessage[] => read([text]).messages

test('a message has the fields that it states, and others keep out of it', () => {
  expect(
    messagesOf(': hello\nid: 7\nevent:figures\nwhatever: x\ndata:  a\ndata\ndata:b\n\n'),
  ).toEqual([{id: '7', event: 'figures', data: ' a\n\nb'}])
  expect(messagesOf('data: x\n\n')).toEqual([{id: '', event: 'message', data: 'x'}])
})

test('what has no data is no message, and what has no end was not said', () => {
  expect(messagesOf('event: x\n\n: alive\n\nid: 3\n\ndata: y\n')).toEqual([])
})

test('an id stays until another one comes; one that was cut off, or has a NUL, is not heard', () => {
  const {messages, lastEventId} = read(['id: 1\ndata: a\n\nid: \0\ndata: b\n\nid: 2\ndata: c\n'])
  expect(messages.map(({id}) => id)).toEqual(['1', '1'])
  expect(lastEventId).toBe('1')
  expect(read(['id\ndata: a\n\n'], '9').lastEventId).toBe('')
  expect(read(['data: a\n\n'], '9').messages[0]!.id).toBe('9')
})

test('only whole numbers are taken as the time to wait', () => {
  expect(read(['retry: 1500\n']).retryMs).toBe(1500)
  expect(read(['retry: 1500\nretry: soon\nretry: -1\nretry:\n']).retryMs).toBe(1500)
})

test('lines end with CR, LF or both, also where the two were cut apart', () => {
  const expected = [{id: '', event: 'message', data: 'a\nb'}]
  for (const end of ['\n', '\r', '\r\n']) {
    expect(messagesOf(['data: a', 'data: b', '', ''].join(end))).toEqual(expected)
  }
  expect(read(['data: a\r', '\ndata: b\r', '', '\n\r', '\n']).messages).toEqual(expected)
  expect(read(['data: a\r', '', '\ndata: b\n\n']).messages).toEqual(expected)
})

test('a message is bounded', () => {
  const parser = createEventParser()
  const piece = 'x'.repeat(1_000_000)
  const endless = (): void => {
    for (let pieces = 0; pieces < 20; pieces++) parser.push(`data: ${piece}\n`)
  }
  expect(endless).toThrow(RangeError)
  expect(() => createEventParser().push(piece.repeat(20))).toThrow(RangeError)
})

/** Text as a server may send it, well formed or not. */
const someText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r',
        '\n',
        '\r\n',
        '\n\n',
        'data:',
        'id:',
        'event:',
        'retry:',
        ':',
        ' ',
        '\0',
      ),
      fc.constantFrom(
        'data: {"a":1}\n\n',
        'id: 5\ndata: é😀\r\n\r\n',
        ': alive\n\n',
        'retry: 20\r',
      ),
      fc.string({unit: 'binary', maxLength: 4}),
    ),
    {maxLength: 40},
  )
  .map(parts => parts.join('').replaceAll('\uFEFF', ''))
const somePlaces = fc.array(fc.nat(100_000), {maxLength: 30})

test('a stream that is cut anywhere, within characters too, reads the same', () => {
  fc.assert(
    fc.property(someText, somePlaces, (text, places) => {
      const bytes = new TextEncoder().encode(text)
      const cuts = places.map(place => place % (bytes.length + 1)).toSorted((a, b) => a - b)
      const decoder = new TextDecoder()
      const pieces = [0, ...cuts].map((from, index) =>
        decoder.decode(bytes.subarray(from, cuts[index] ?? bytes.length), {stream: true}),
      )
      expect(read(pieces)).toEqual(read([text.toWellFormed()]))
    }),
  )
})

test('what the API writes is what is read', () => {
  const someMessage = fc.record({
    id: fc.stringMatching(/^[\w.:,-]{1,40}$/),
    event: fc.stringMatching(/^[a-z]{1,12}$/),
    data: fc.jsonValue(),
  })
  fc.assert(
    fc.property(fc.array(someMessage, {maxLength: 5}), messages => {
      const heard = messagesOf(messages.map(formatMessage).join(': alive\n\n'))
      expect(heard).toEqual(
        messages.map(({id, event, data}) => ({id, event, data: JSON.stringify(data)})),
      )
    }),
  )
})
