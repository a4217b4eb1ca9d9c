/** Makes the tarball of the client that other projects install. */
import {relative, resolve} from 'node:path'
import {packClient} from './client-package.ts'
import {runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'

await runCommand(
  COMMANDS['client:pack'],
  async ({values}) => {
    const tarball = await packClient(resolve(values.to ?? 'client/dist'))
    console.log(`npm install ${relative(process.cwd(), tarball)}`)
  },
  {withStack: false},
)
