/** Shows once how the pipeline does; exit status 0 only when it is healthy. */
import {setTimeout as sleep} from 'node:timers/promises'
import {parseArgs} from 'node:util'
import {messageOf} from '../platform/errors.ts'
import {readStackConfig} from '../stack/config.ts'
import {readState} from '../stack/state.ts'
import {openStatusReader} from './pipeline-status.ts'
import {connectionLines, findingLines, lastError, recordsProcessed, statusLine} from './view.ts'

const HELP = `usage: npm run status [-- --json]
  --json  for scripts: {healthy, state, problems, findings, servers, services, outboxUnpublished, lagRecords}`

async function main(): Promise<boolean> {
  const {values} = parseArgs({options: {json: {type: 'boolean'}, help: {type: 'boolean'}}})
  if (values.help === true) {
    console.log(HELP)
    return true
  }
  const own = readStackConfig(process.env)
  // Where the running stack is, whatever this terminal's variables say.
  const config = {...own, connections: readState(own)?.connections ?? own.connections}
  const reader = openStatusReader(config, process.env)
  try {
    const look = await reader.look()
    if (values.json === true) {
      const {healthy, servers, services, outboxUnpublished, lagRecords} = look.status
      const {state, findings} = look.verdict
      const shown = {healthy, state, problems: look.problems, findings, servers, services}
      console.log(JSON.stringify({...shown, outboxUnpublished, lagRecords}, null, 2))
      return healthy
    }
    const [before, at] = [await recordsProcessed(look), performance.now()]
    await sleep(500)
    const after = await recordsProcessed(look)
    const seconds = (performance.now() - at) / 1000
    const rate = before === null || after === null ? null : (after - before) / seconds
    const {servers: found, services: running} = look.status
    for (const line of connectionLines(config, running.api.length > 0, found.cassandra.keyspaces)) {
      console.log(line)
    }
    console.log(statusLine(look, rate, lastError(config)))
    for (const line of findingLines(look)) console.log(line)
    return look.status.healthy
  } finally {
    await reader.close()
  }
}

try {
  if (!(await main())) process.exitCode = 1
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}
