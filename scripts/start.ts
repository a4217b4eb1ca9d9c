/** Starts the whole pipeline on this machine and shows how it does, until it is told to stop. */
import {spawn} from 'node:child_process'
import {closeSync, existsSync, mkdirSync, openSync} from 'node:fs'
import {dirname} from 'node:path'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'
import {messageOf} from '../platform/errors.ts'
import {readStackConfig, type StackConfig} from '../stack/config.ts'
import {logFile} from '../stack/stack.ts'
import {runPipeline, type StartMessage, type StartOptions} from './run-pipeline.ts'

const HELP = `usage: npm start [-- OPTIONS]
  --detach     returns when everything is ready; npm stop ends it
  --no-sample  leaves an empty database empty
  --servers    only the servers, brought up to date, without services
  --help       this text
Ports, folders and memory are set by environment variables: stack/README.md.`

function readOptions(): StartOptions & {readonly detach: boolean; readonly child: boolean} {
  const {values} = parseArgs({
    options: {
      detach: {type: 'boolean', default: false},
      'no-sample': {type: 'boolean', default: false},
      servers: {type: 'boolean', default: false},
      help: {type: 'boolean', default: false},
      /** Given by ourselves to the process that stays when --detach returns. */
      child: {type: 'boolean', default: false},
    },
  })
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  return {
    detach: values.detach,
    child: values.child,
    withSample: !values['no-sample'] && !values.servers,
    withServices: !values.servers,
  }
}

/** Starts ourselves again without a terminal, and passes on what that says until it is ready. */
async function detach(config: StackConfig): Promise<number> {
  const log = logFile(config, 'launcher')
  mkdirSync(dirname(log), {recursive: true})
  const output = openSync(log, 'w')
  const args = process.argv.slice(2).filter(argument => argument !== '--detach')
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args, '--child'], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
  })
  closeSync(output)
  const {promise, resolve} = Promise.withResolvers<number>()
  child.on('message', message => {
    const {kind, text} = message as StartMessage
    if (kind === 'failed') console.error(text)
    else console.log(text)
    if (kind === 'ready') resolve(0)
  })
  // Until it is ready it belongs to us: it notices when we go, and so does Ctrl-C.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill('SIGTERM'))
  }
  child.once('exit', code => resolve(code === 0 ? 1 : (code ?? 1)))
  const status = await promise
  if (child.connected) child.disconnect()
  child.unref()
  return status
}

try {
  const options = readOptions()
  const config = readStackConfig(process.env)
  if (!existsSync(config.folder)) mkdirSync(config.folder, {recursive: true})
  const status = options.detach
    ? await detach(config)
    : await runPipeline(config, process.env, options)
  process.exit(status)
} catch (error) {
  console.error(messageOf(error))
  process.exit(1)
}
