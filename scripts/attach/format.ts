/** Formats a written file as the checkout does; without the tool (a container has none) it stays as it is. */
import {execFile} from 'node:child_process'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {PROJECT_FOLDER} from '../../platform/environment.ts'

export async function formatFile(file: string): Promise<void> {
  const tool = join(PROJECT_FOLDER, 'node_modules/oxfmt/bin/oxfmt')
  if (existsSync(tool)) await promisify(execFile)(process.execPath, [tool, file])
}
