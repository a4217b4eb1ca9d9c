/** Makes the tarball of the client that other projects install. */
import {relative, resolve} from 'node:path'
import {packClient} from './client-package.ts'
import {runCommand, type Command} from './command.ts'

const PACK = {
  name: 'client:pack',
  summary: 'Packs the client of the API (client/) for npm install in other projects.',
  forms: [['[OPTIONS]', 'builds it, and says where the tarball is']],
  options: {
    to: {type: 'string', value: 'FOLDER', about: 'where to put the tarball, default client/dist'},
  },
  examples: [['npm run client:pack -- --to ../my-project', 'into another project']],
} as const satisfies Command

await runCommand(
  PACK,
  async ({values}) => {
    const tarball = await packClient(resolve(values.to ?? 'client/dist'))
    console.log(`npm install ${relative(process.cwd(), tarball)}`)
  },
  {withStack: false},
)
