/** Deletes all data of the local servers, after asking. Downloads are kept. */
import {existsSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {readStackConfig} from '../stack/config.ts'
import {stopStack} from '../stack/stop.ts'
import {askYes} from './ask.ts'
import {runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'

/** Everything the stack writes into its folder but the downloads. */
const OWN = ['data', 'logs', 'run', 'state.json'] as const

await runCommand(COMMANDS.reset, async ({values, env}) => {
  const config = readStackConfig(env)
  if (config.external.length > 0) {
    console.log(`not touched, since they run elsewhere: ${config.external.join(', ')}`)
  }
  if (!existsSync(config.folder)) {
    console.log(`there is nothing in ${config.folder}`)
    return 0
  }
  if (
    values.yes !== true &&
    !(await askYes(`delete all data of the servers in ${config.folder}?`))
  ) {
    console.log('nothing deleted')
    return 1
  }
  const {launcher} = await stopStack(config)
  if (launcher) console.log('stopped')
  for (const name of OWN) rmSync(join(config.folder, name), {recursive: true, force: true})
  console.log('deleted')
  return 0
})
