/**
 * Plants bugs into what a test starts: a service (`NODE_OPTIONS=--import <this file>`), or tests (the plugin of
 * vitest.config.ts), told by `PLANT='[{"file": "…", "find": "…", "replace": "…"}]'`. Sources are changed
 * while they are loaded; a text that is not there exactly once ends the process, so that no plant outlives the
 * code it spoils.
 */
import {registerHooks} from 'node:module'

export interface Plant {
  readonly file: string
  readonly find: string
  readonly replace: string
}

const plants = JSON.parse(process.env['PLANT'] ?? '[]') as readonly Plant[]

/** The source as it is planted; undefined when nothing is planted there. */
function spoil(path: string, sourceOf: () => string): string | undefined {
  const own = plants.filter(({file}) => path.endsWith(`/${file}`))
  if (own.length === 0) return undefined
  let source = sourceOf()
  for (const {file, find, replace} of own) {
    const parts = source.split(find)
    if (parts.length !== 2) {
      process.stderr.write(`${file}: ${parts.length - 1} times "${find}"\n`)
      process.exit(1)
    }
    process.stderr.write(`planted in ${file}\n`)
    source = parts.join(replace)
  }
  return source
}

if (plants.length > 0) {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const source = spoil(url, () => Buffer.from(loaded.source as Uint8Array).toString())
      return source === undefined ? loaded : {...loaded, source}
    },
  })
}

/** For tests: they are not loaded by Node. */
export const plantPlugin = {
  name: 'plant',
  enforce: 'pre',
  transform: (code: string, id: string) => spoil(id.split('?')[0]!, () => code),
} as const

/** Environment of a process with planted bugs. */
export const planted = (
  ...bugs: readonly Plant[]
): {readonly NODE_OPTIONS: string; readonly PLANT: string} => ({
  NODE_OPTIONS: `--import ${import.meta.filename}`,
  PLANT: JSON.stringify(bugs),
})
