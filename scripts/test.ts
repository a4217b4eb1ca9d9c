/** Everything that must hold before a change is taken: form, types, tests. One line sums it up. */
import {spawn} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'
import {sumUp, type StepResult, type VitestReport} from './test-summary.ts'

/** Each counts as one check. */
const CHECKS = [
  ['lint', ['oxlint', '--type-aware']],
  ['format', ['oxfmt', '--check']],
  ['types', ['tsc', '-p', '.']],
] as const
const SUITES = ['unit', 'pg', 'older', 'kafka', 'stack'] as const

/** @returns the exit status */
async function run([program, ...args]: readonly [string, ...string[]]): Promise<number> {
  const child = spawn(program, args, {stdio: 'inherit'})
  const {promise, resolve, reject} = Promise.withResolvers<number>()
  child.once('error', reject)
  child.once('exit', code => resolve(code ?? 1))
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGTERM', pass)
  try {
    return await promise
  } finally {
    process.off('SIGTERM', pass)
  }
}

async function runTests(folder: string, names: readonly string[]): Promise<StepResult> {
  const report = join(folder, 'report.json')
  const status = await run([
    'vitest',
    'run',
    ...SUITES.flatMap(suite => ['--project', suite]),
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...names,
  ])
  try {
    return {name: 'tests', status, report: JSON.parse(readFileSync(report, 'utf8')) as VitestReport}
  } catch {
    return {name: 'tests', status: status === 0 ? 1 : status}
  }
}

await runCommand(COMMANDS.test, async ({values: {only}, positionals}) => {
  // Ctrl-C reaches every child by itself; we stay for the summary.
  process.on('SIGINT', () => undefined)
  const folder = mkdtempSync(join(tmpdir(), 'test-report-'))
  const results: StepResult[] = []
  try {
    for (const [name, command] of CHECKS) {
      console.log(`\n${name}: ${command.join(' ')}`)
      results.push({name, status: await run([command[0], ...command.slice(1)])})
    }
    results.push(
      await runTests(folder, [...positionals, ...(only === undefined ? [] : ['-t', only])]),
    )
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
  const {failedSteps, line, ok} = sumUp(results)
  if (failedSteps.length > 0) console.log(`\nfailed: ${failedSteps.join(', ')}`)
  console.log(`\n${line}`)
  return ok ? 0 : 1
})
