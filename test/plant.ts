/**
 * Plants a bug into a service that a test starts: `NODE_OPTIONS=--import <this file>` and
 * `PLANT='{"file": "…", "find": "…", "replace": "…"}'`. The source is changed while it is loaded; a
 * text that is not there exactly once ends the process, so that no plant outlives the code it spoils.
 */
import {registerHooks} from 'node:module'

interface Plant {
  readonly file: string
  readonly find: string
  readonly replace: string
}

const plant = JSON.parse(process.env['PLANT'] ?? 'null') as Plant | null

if (plant !== null) {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (!url.endsWith(`/${plant.file}`)) return loaded
      const parts = Buffer.from(loaded.source as Uint8Array)
        .toString()
        .split(plant.find)
      if (parts.length !== 2) {
        process.stderr.write(`${plant.file}: ${parts.length - 1} times "${plant.find}"\n`)
        process.exit(1)
      }
      process.stderr.write(`planted in ${plant.file}\n`)
      return {...loaded, source: parts.join(plant.replace)}
    },
  })
}

/** Environment of a service with a planted bug. */
export const planted = (bug: Plant): {readonly NODE_OPTIONS: string; readonly PLANT: string} => ({
  NODE_OPTIONS: `--import ${import.meta.filename}`,
  PLANT: JSON.stringify(bug),
})
