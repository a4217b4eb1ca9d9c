/** Says what commands there are. */
import {commandLine, runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'

await runCommand(COMMANDS.help, async () => {
  const lines = Object.values(COMMANDS).map(({name, summary}) => {
    return `  ${commandLine(name).padEnd(22)} ${summary.split('\n')[0]!}`
  })
  console.log(`${lines.join('\n')}\n\nEach says more: npm run NAME -- --help`)
  await Promise.resolve()
})
