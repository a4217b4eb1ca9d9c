/** The client of the API as a package that npm installs: JavaScript, types, README and licence. */
import {execFile} from 'node:child_process'
import {copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join, resolve} from 'node:path'
import {promisify} from 'node:util'

const ROOT = resolve(import.meta.dirname, '..')
const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc')
const FILES = ['client/package.json', 'client/README.md', 'LICENSE']

const execute = promisify(execFile)

/** npm as whoever started us has it. */
async function npm(args: readonly string[], cwd: string): Promise<void> {
  const path = process.env['npm_execpath']
  const [program, first] = path?.endsWith('.js') ? [process.execPath, [path]] : ['npm', []]
  await execute(program, [...first, ...args], {cwd})
}

/**
 * Compiles and packs it beside the checkout, so that nothing of an earlier build can be in it.
 *
 * @returns where the tarball is
 */
export async function packClient(folder: string): Promise<string> {
  const stage = mkdtempSync(join(tmpdir(), 'client-'))
  try {
    const project = join(ROOT, 'client/tsconfig.build.json')
    await execute(process.execPath, [COMPILER, '-p', project, '--outDir', join(stage, 'dist')])
    for (const file of FILES) copyFileSync(join(ROOT, file), join(stage, basename(file)))
    mkdirSync(folder, {recursive: true})
    await npm(['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder], stage)
    const {name, version} = JSON.parse(readFileSync(join(stage, 'package.json'), 'utf8')) as {
      readonly name: string
      readonly version: string
    }
    return join(folder, `${name}-${version}.tgz`)
  } finally {
    rmSync(stage, {recursive: true})
  }
}
