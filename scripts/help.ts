/** Says what commands there are. */
import {existsSync} from 'node:fs'
import {commandLine, HAS_NPM, runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'

/** In a container some are not. */
const isHere = (name: string): boolean =>
  HAS_NPM || existsSync(new URL(`${name}.ts`, import.meta.url))

const firstSentence = (text: string): string =>
  text
    .replaceAll('\n', ' ')
    .replace(/(?<=[.;:]) .*/, '')
    .replace(/[;:]$/, '.')

await runCommand(COMMANDS.help, async () => {
  const lines = Object.values(COMMANDS)
    .filter(({name}) => isHere(name))
    .map(({name, summary}) => `  ${commandLine(name).padEnd(28)} ${firstSentence(summary)}`)
  console.log(`${lines.join('\n')}\n\nEach says more: ${commandLine('NAME', '--help')}`)
  await Promise.resolve()
})
