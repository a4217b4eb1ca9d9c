import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {pathToFileURL} from 'node:url'
import {afterEach, expect, test} from 'vitest'
import {fileOf, loadStreams, streamOfTopic} from './load.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, {recursive: true})
})

/** A folder of declarations; what they import is ours. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'streams-'))
  folders.push(folder)
  const imports = `import {content, engagementEvents, activityEvents} from '${resolve('db/tables.ts')}'
import {stream, lookup} from '${resolve('contracts/stream.ts')}'\n`
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), imports + text)
  }
  return folder
}

const declare = (name: string, more: string, table = 'engagementEvents'): string =>
  `export const ${name} = stream({name: '${name}', topic: 't-${name}', table: ${table}, key: 'id', ${more}})\n`

test('our own streams are found, by path and by URL, references first, then by name', async () => {
  const streams = await loadStreams('streams/sample')
  const names = streams.map(({name, isReference}) => `${isReference ? '' : 'then '}${name}`)
  expect(names).toEqual(expect.arrayContaining(['content', 'then activity', 'then engagement']))
  expect(names).toEqual(names.toSorted())
  expect(await loadStreams(pathToFileURL(resolve('streams/sample')))).toEqual(streams)
  expect(streamOfTopic(streams, 'user_activity')?.name).toBe('activity')
  expect(streamOfTopic(streams, 'nothing')).toBeUndefined()
})

test('a folder elsewhere is read: one stream each, however often it is exported, and nothing else', async () => {
  const folder = folderOf({
    'b.ts': `${declare('b', '')}export const other = {name: 'b'}\nexport default b\n`,
    'a.ts': `export {b} from './b.ts'\n${declare('a', 'isReference: true', 'content')}`,
    'load.ts': 'throw new Error("not a declaration")',
    'b.test.ts': 'throw new Error("not a declaration")',
    'notes.md': 'throw new Error("not a declaration")',
  })
  expect((await loadStreams(folder)).map(({name, topic}) => [name, topic])).toEqual([
    ['a', 't-a'],
    ['b', 't-b'],
  ])
})

test.each([
  ['no stream', {'a.ts': 'export const a = 1'}, /^no file of \S+ exports a stream$/],
  [
    'a declaration that is wrong, with its file',
    {'a.ts': declare('a', "time: 'then'")},
    /a\.ts: stream a: time then is no column; there are id, /,
  ],
  [
    'two streams of one name',
    {'a.ts': declare('a', ''), 'b.ts': declare('a', "topic: 'b'", 'content')},
    /^streams a and a have the same name a: each needs its own$/,
  ],
  [
    'two streams of one topic',
    {'a.ts': declare('a', ''), 'b.ts': declare('b', "topic: 't-a'", 'content')},
    /^streams a and b have the same topic t-a/,
  ],
  [
    'two streams of one table',
    {'a.ts': declare('a', ''), 'b.ts': declare('b', '')},
    /^streams a and b have the same table public\.engagement_events/,
  ],
  [
    'two streams of one table of single events',
    {'a.ts': declare('a', "rawTable: 'raw'"), 'b.ts': declare('b', "rawTable: 'raw'", 'content')},
    /^streams a and b have the same rawTable raw/,
  ],
  [
    'a stream that shows one that is not there',
    {
      'a.ts': `const hidden = stream({name: 'hidden', topic: 'h', table: content, key: 'id'})
        ${declare('a', "shows: [{stream: hidden, by: 'content_id', columns: ['title']}]")}`,
    },
    /^stream a shows hidden, which is none of the streams/,
  ],
])('%s is refused in a sentence', async (_name, files, sentence) => {
  await expect(loadStreams(folderOf(files))).rejects.toThrow(sentence)
})

test('a folder that is not there is named, with the setting', async () => {
  await expect(loadStreams('no/such')).rejects.toThrow(
    `there is no folder of streams ${resolve('no/such')}: set STREAMS_FOLDER`,
  )
})

test('the file of a stream is found, with what else it declares', async () => {
  const folder = folderOf({
    'a.ts': declare('a', '', 'content'),
    'b.ts': `${declare('b', '')}${declare('c', '', 'activityEvents')}`,
  })
  expect(await fileOf(folder, 'a')).toEqual({file: join(folder, 'a.ts'), others: []})
  expect(await fileOf(folder, 'c')).toEqual({file: join(folder, 'b.ts'), others: ['b']})
  await expect(fileOf(folder, 'd')).rejects.toThrow(`no file of ${folder} declares stream d`)
})
