/** The content of the image, made without an engine: a folder with what the Dockerfile's last stage copies. */
import {execFile, spawn} from 'node:child_process'
import {once} from 'node:events'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, matchesGlob} from 'node:path'
import {text} from 'node:stream/consumers'
import {promisify} from 'node:util'

interface Instruction {
  readonly name: string
  readonly rest: string
}

interface Copy {
  /** The stage it comes from; none: from the project. */
  readonly stage: string | undefined
  readonly sources: readonly string[]
  readonly target: string
}

/** The instructions of each stage; an unnamed one is called `last`. */
function readStages(): ReadonlyMap<string, readonly Instruction[]> {
  const lines = readFileSync('Dockerfile', 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  const stages = new Map<string, Instruction[]>()
  let stage: Instruction[] = []
  for (const line of lines.filter(one => one !== '')) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.set(/ AS (\w+)$/.exec(rest)?.[1] ?? 'last', (stage = []))
    else stage.push({name, rest})
  }
  return stages
}

const stages = readStages()

const instructionsOf = (stage: string, name: string): readonly string[] =>
  stages.get(stage)!.flatMap(one => (one.name === name ? [one.rest] : []))

const copiesOf = (stage: string): readonly Copy[] =>
  instructionsOf(stage, 'COPY').map(rest => {
    const [, from, paths] = /^(?:--from=(\S+) )?(.*)$/.exec(rest)!
    const all = paths!.split(' ')
    return {stage: from, sources: all.slice(0, -1), target: all.at(-1)!}
  })

const ignored = readFileSync('.dockerignore', 'utf8')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))

/** As Docker reads it: a pattern is for a path, and for all below it. */
const isIgnored = (path: string): boolean =>
  ignored.some(pattern => matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`))

/** Files of the project that a stage copies, each to the same place. */
function filesOf(stage: string): readonly string[] {
  const own = copiesOf(stage).filter(copy => copy.stage === undefined)
  for (const {sources, target} of own) {
    if (target !== './' && target !== `./${sources.join(' ')}`) {
      throw new Error(`COPY to another place is not understood here: ${target}`)
    }
  }
  return own
    .flatMap(({sources}) => sources)
    .flatMap(source => (statSync(source).isFile() ? [source] : globSync(`${source}/**/*`)))
    .filter(path => statSync(path).isFile() && !isIgnored(path))
}

/** Files of the project that are in the image. */
export const imageFiles = filesOf('last')

/** Variables that the Dockerfile sets. */
export const imageEnv = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    instructionsOf('last', 'ENV').flatMap(rest => rest.split(' ').map(pair => pair.split('='))),
  ) as Record<string, string>

interface Locked {
  readonly dev?: boolean
  readonly optional?: boolean
}

/** What the lock file says of each package, by its path. */
export const lockedPackages = (): Readonly<Record<string, Locked>> =>
  (JSON.parse(readFileSync('package-lock.json', 'utf8')) as {packages: Record<string, Locked>})
    .packages

export interface Result {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

export interface Image {
  readonly folder: string
  /** Runs Node in it, with the variables of the image and nothing of this process. */
  run(args: readonly string[], env?: Readonly<Record<string, string | undefined>>): Promise<Result>
  [Symbol.asyncDispose](): Promise<void>
}

function copyFiles(paths: readonly string[], folder: string): void {
  for (const path of paths) {
    mkdirSync(join(folder, dirname(path)), {recursive: true})
    cpSync(path, join(folder, path))
  }
}

/** The packages, by the very command of the Dockerfile. */
async function installPackages(folder: string): Promise<void> {
  copyFiles(filesOf('dependencies'), folder)
  for (const command of instructionsOf('dependencies', 'RUN')) {
    await promisify(execFile)('sh', ['-c', command], {
      cwd: folder,
      // What the checkout was installed from is enough.
      env: {...process.env, NODE_ENV: '', npm_config_prefer_offline: 'true'},
    })
  }
}

/** Makes the folder: takes as long as npm does. The pages are not built, no command needs them. */
export async function buildImage(): Promise<Image> {
  const place = mkdtempSync(join(tmpdir(), 'image-'))
  const [folder, installed] = [join(place, 'app'), join(place, 'dependencies')]
  // Only for speed: many commands load the same files.
  const cache = join(place, 'cache')
  try {
    copyFiles(imageFiles, folder)
    await installPackages(installed)
    for (const {stage, sources, target} of copiesOf('last')) {
      if (stage === 'dependencies') {
        renameSync(join(installed, sources[0]!.replace('/app/', '')), join(folder, target))
      }
    }
  } catch (error) {
    rmSync(place, {recursive: true, force: true})
    throw error
  }
  return {
    folder,
    async run(args, env = {}) {
      const child = spawn(process.execPath, args, {
        cwd: folder,
        env: {PATH: process.env['PATH'], NODE_COMPILE_CACHE: cache, ...imageEnv(), ...env},
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const [out, err] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ])
      return {out, err, status: child.exitCode}
    },
    async [Symbol.asyncDispose]() {
      await Promise.resolve(rmSync(place, {recursive: true, force: true}))
    },
  }
}
