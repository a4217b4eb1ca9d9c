import {expect, test} from 'vitest'
import {content} from '../streams/sample/content.ts'
import {content as videos} from '../test/streams-foreign/watching.ts'
import {createContentTable, positionAfter, printContentId} from './content-table.ts'
import type {Content} from './schemas/content.ts'

test.each([
  [content, '11111111-AAAA-1111-1111-111111111111', '11111111-aaaa-1111-1111-111111111111'],
  [content, '7', undefined],
  [videos, '007', '7'],
  [videos, '-0', '0'],
  [videos, '11111111-aaaa-1111-1111-111111111111', undefined],
  [videos, '12345678901234567', undefined],
])('an id is as its table prints it, or none of a content: %#', (stream, text, printed) => {
  expect(printContentId(stream, text)).toBe(printed)
})

test('ids that no content can have are not asked for', async () => {
  const asked: unknown[] = []
  const table = createContentTable(
    {
      query: async (_text, values) => {
        asked.push(values)
        return await Promise.resolve({rows: [], rowCount: 0})
      },
    },
    videos,
  )
  expect(await table.read(['x'])).toEqual([])
  await table.read(['x', '7'])
  expect(asked).toEqual([[['7']]])
})

test('a content without a time of publication ends a page where such ones stand', () => {
  const row = {id: '7', title: 'T', slug: '7', publish_ts: null} as unknown as Content
  expect(positionAfter(row)).toEqual(['1970-01-01T00:00:00.000000Z', '7'])
  expect(positionAfter(row, 'title')).toEqual(['T', '7'])
})
