/** Ends the running pipeline, or what a killed launcher left of it. */
import {messageOf} from '../platform/errors.ts'
import {readStackConfig} from '../stack/config.ts'
import {stopStack} from '../stack/stop.ts'

try {
  const {launcher, remains} = await stopStack(readStackConfig(process.env))
  if (remains.length > 0) console.log(`ended what was left: ${remains.join(', ')}`)
  console.log(launcher || remains.length > 0 ? 'stopped' : 'nothing was running')
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}
