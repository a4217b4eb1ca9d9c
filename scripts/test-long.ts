/**
 * What takes longer, or needs more, than `npm test`: thousands of seeds, faults, a browser, API fuzzing.
 * Arguments are passed to vitest: a file's name runs it alone. The result is stored beside the tests.
 */
import {execFileSync, spawnSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {availableParallelism, tmpdir, totalmem} from 'node:os'
import {join} from 'node:path'
import {runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'

const FOLDER = 'test/results'

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly status: string
    readonly startTime: number
    readonly endTime: number
    readonly assertionResults: ReadonlyArray<{readonly title: string; readonly status: string}>
  }>
}

const git = (...args: string[]): string => execFileSync('git', args, {encoding: 'utf8'}).trim()
await runCommand(COMMANDS['test:long'], async ({values: {only}, positionals}) => {
  // What is tested is what is there now: tests store pictures and figures, and others commit meanwhile.
  const tested = {
    commit: git('rev-parse', '--short', 'HEAD'),
    changed: git('status', '--porcelain', '--untracked-files=no') !== '',
  }

  const folder = mkdtempSync(join(tmpdir(), 'test-long-'))
  const output = join(folder, 'report.json')
  const {status} = spawnSync(
    'vitest',
    [
      'run',
      '--project',
      'long',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${output}`,
      ...positionals,
      ...(only === undefined ? [] : ['-t', only]),
    ],
    {stdio: 'inherit'},
  )
  const report = JSON.parse(readFileSync(output, 'utf8')) as Report
  rmSync(folder, {recursive: true, force: true})

  const files = report.testResults.map(file => ({
    file: file.name.replace(`${process.cwd()}/`, ''),
    status: file.status,
    seconds: Math.round((file.endTime - file.startTime) / 1_000),
    tests: file.assertionResults.map(({title, status: outcome}) => `${outcome}: ${title}`),
  }))
  const result = {
    at: new Date().toISOString(),
    ...tested,
    environment: {
      node: process.version,
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    },
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests,
    files,
  }
  mkdirSync(FOLDER, {recursive: true})
  const name =
    positionals.length === 0 ? 'long' : `long-${positionals.join('-').replace(/[^\w.-]/g, '_')}`
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`)
  console.log(`\nstored: ${join(FOLDER, `${name}.json`)}`)
  console.log(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`)
  return await Promise.resolve(status ?? 1)
})
