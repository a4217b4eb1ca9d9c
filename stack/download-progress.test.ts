import fc from 'fast-check'
import {expect, test} from 'vitest'
import {bar, createDownloadProgress, parseTransfer} from './download-progress.ts'

const line = (mb: number): string =>
  `Downloaded from central: https://host/a/b-1.0.jar (${mb} MB at 3.4 MB/s)\n`

test.each([
  [line(1.5).trim(), {done: 1.5}],
  ['Downloaded from central: https://h/x.pom (250 kB at 1 MB/s)', {done: 0.25}],
  ['Progress (1): 4.1/143 MB   ', {under: 4.1}],
  ['Progress (2): a-1.0.jar (2/3 MB) | b.jar (500 kB)', {under: 2.5}],
  ['Downloading from central: https://h/x.jar', undefined],
  ['[INFO] 12 MB of something', undefined],
])('%s', (text, expected) => expect(parseTransfer(text)).toEqual(expected))

test('one large file is followed while it comes', () => {
  const said: string[] = []
  const read = createDownloadProgress('registry', 143, text => said.push(text))
  for (let mb = 0; mb <= 143; mb++) read(`Progress (1): ${mb}/143 MB\r`)
  expect(said).toHaveLength(10)
  expect(said[5]).toBe('downloading registry [##########----------] 72 of about 143 MB')
})

test('a download of hundreds of files is ten lines at most, however the output is cut, and never seems done', () => {
  fc.assert(
    fc.property(fc.integer({min: 1, max: 400}), fc.integer({min: 1, max: 50}), (files, cut) => {
      const said: string[] = []
      const read = createDownloadProgress('kafka', 55, text => said.push(text))
      const output = line(0.5).repeat(files)
      for (let at = 0; at < output.length; at += cut) read(output.slice(at, at + cut))
      expect(said.length).toBeGreaterThan(0)
      expect(said.length).toBeLessThanOrEqual(10)
      expect(said.every(text => text.includes('-]'))).toBe(true)
    }),
  )
})

test('a bar says how much of how much', () => {
  expect(bar('kafka', 27.4, 55)).toBe('downloading kafka [#########-----------] 27 of about 55 MB')
})
