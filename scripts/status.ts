/** Shows once how the pipeline does; exit status 0 only when it is healthy. */
import {setTimeout as sleep} from 'node:timers/promises'
import {envReader} from '../platform/config.ts'
import {readStreamsFolder} from '../platform/connections.ts'
import {readStackConfig} from '../stack/config.ts'
import {loadStreams} from '../streams/load.ts'
import {runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'
import {openStatusReader} from './pipeline-status.ts'
import {connectionLines, findingLines, lastError, recordsProcessed, statusLine} from './view.ts'

await runCommand(COMMANDS.status, async ({values, env}) => {
  const config = readStackConfig(env)
  const reader = openStatusReader(config, env)
  try {
    const look = await reader.look()
    if (values.json === true) {
      const {healthy, servers, services, outboxUnpublished, lagRecords} = look.status
      const {state, findings} = look.verdict
      const shown = {healthy, state, problems: look.problems, findings, servers, services}
      console.log(JSON.stringify({...shown, outboxUnpublished, lagRecords}, null, 2))
      return healthy ? 0 : 1
    }
    const [before, at] = [await recordsProcessed(look), performance.now()]
    await sleep(500)
    const after = await recordsProcessed(look)
    const seconds = (performance.now() - at) / 1000
    const rate = before === null || after === null ? null : (after - before) / seconds
    const {servers: found, services: running} = look.status
    const streams = await loadStreams(readStreamsFolder(envReader(env)))
    const shown = {withApi: running.api.length > 0, streams}
    for (const line of connectionLines(config, shown, found.cassandra.keyspaces)) {
      console.log(line)
    }
    console.log(statusLine(look, rate, lastError(config)))
    for (const line of findingLines(look)) console.log(line)
    return look.status.healthy ? 0 : 1
  } finally {
    await reader.close()
  }
})
