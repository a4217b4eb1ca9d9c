/** Ends the running pipeline, or what a killed launcher left of it. */
import {readStackConfig} from '../stack/config.ts'
import {stopStack} from '../stack/stop.ts'
import {runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'

await runCommand(COMMANDS.stop, async ({env}) => {
  const {launcher, remains} = await stopStack(readStackConfig(env))
  if (remains.length > 0) console.log(`ended what was left: ${remains.join(', ')}`)
  console.log(launcher || remains.length > 0 ? 'stopped' : 'nothing was running')
})
