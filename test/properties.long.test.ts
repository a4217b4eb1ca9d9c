import {execFile} from 'node:child_process'
import {globSync, readFileSync} from 'node:fs'
import {promisify} from 'node:util'
import {expect, test} from 'vitest'

const run = promisify(execFile)
const RUNS = 5_000

test('every property holds for thousands of new cases', {timeout: 600_000}, async () => {
  const files = globSync('**/*.test.ts', {exclude: ['**/node_modules/**', '.stack/**']}).filter(
    file =>
      !/\.(pg|kafka|stack|long)\.test/.test(file) && readFileSync(file, 'utf8').includes('fc.'),
  )
  expect(files.length).toBeGreaterThan(10)
  const seed = String(Math.trunc(Math.random() * 2 ** 31))
  const {stdout} = await run(
    'vitest',
    ['run', '--project', 'unit', '--testTimeout=300000', ...files],
    {
      env: {...process.env, PROPERTY_SEED: seed, PROPERTY_RUNS: String(RUNS), NO_COLOR: '1'},
      maxBuffer: 1e8,
    },
  ).catch((error: unknown) => {
    const said = (error as {stdout?: string}).stdout ?? ''
    throw new Error(
      `PROPERTY_SEED=${seed} PROPERTY_RUNS=${RUNS} repeats this:\n${said.slice(-4_000)}`,
    )
  })
  console.log(`seed ${seed}: ${/Tests .*/.exec(stdout)?.[0] ?? stdout.slice(-500)}`)
})
