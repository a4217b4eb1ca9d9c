/** Writes what is made from other files. */
import {runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'

await runCommand(COMMANDS.generate, async () => {
  await import('./write-schemas.ts')
  await import('./write-configuration.ts')
  await import('./write-client.ts')
  await import('./write-graphql.ts')
  await import('./write-figures.ts')
})
