/** The image has what its commands need, and nothing else. */
import {readFileSync} from 'node:fs'
import {join, normalize} from 'node:path'
import {expect, test} from 'vitest'
import {parseInput, type Command} from '../scripts/command.ts'
import {COMMANDS} from '../scripts/commands.ts'
import {containerLines, ofCheckout, runbookLines, scriptOf, scripts} from './docker-documents.ts'
import {imageEnv, imageFiles, lockedPackages} from './docker-image.ts'

const IMPORT =
  /^(?:import|export)\s+(?!type\s)(?:[\w*{][^'"=;(]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm

const packageOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

test('every file of the image finds what it imports there', () => {
  const files = new Set(imageFiles)
  const locked = lockedPackages()
  const lost: string[] = []
  for (const file of [...files].filter(one => one.endsWith('.ts'))) {
    for (const [, first, second] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const target = (first ?? second)!
      if (target.startsWith('node:')) continue
      const found = target.startsWith('.')
        ? files.has(normalize(join(file, '..', target)))
        : locked[`node_modules/${packageOf(target)}`]?.dev === undefined &&
          locked[`node_modules/${packageOf(target)}`] !== undefined
      if (!found) lost.push(`${file} -> ${target}`)
    }
  }
  expect(files.size).toBeGreaterThan(100)
  expect(lost).toEqual([])
})

test('every command is in the image, or the page says what to do instead', () => {
  const missing = Object.keys(COMMANDS).filter(name => !imageFiles.includes(`scripts/${name}.ts`))
  expect(ofCheckout.toSorted()).toEqual(missing.toSorted())
})

test('what the documents and the compose file run is in the image', () => {
  expect(containerLines.length).toBeGreaterThan(3)
  expect(runbookLines.length).toBeGreaterThan(5)
  expect([...scripts].filter(script => !imageFiles.includes(script))).toEqual([])
})

test('no test and nothing of a checkout is in the image, and its settings are variables alone', () => {
  expect(imageFiles.filter(file => /\.test\.|^(test|stack|docs|\.)/.test(file))).toEqual([])
  expect(imageEnv()).toEqual({NODE_ENV: 'production', ENV_FILE: 'none'})
})

test.each(containerLines.map(line => [line.join(' '), line] as const))(
  'node %s is a way to call that command',
  (_, line) => {
    const name = /scripts\/(.+)\.ts/.exec(scriptOf(line))![1]!
    const command = Object.entries<Command>(COMMANDS).find(([own]) => own === name)![1]
    expect(() => parseInput(command, line.slice(line.indexOf(scriptOf(line)) + 1))).not.toThrow()
  },
)
