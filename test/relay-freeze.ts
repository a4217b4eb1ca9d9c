/** A relay that freezes itself before it sends a certain row. */
import {planted} from './plant.ts'

/** At the last moment: the page is read and encoded, and every look whether the lane is ours is behind it. */
export const FREEZE = planted({
  file: 'ingestor/relay.ts',
  find: 'if (batch.records > 0) await deps.send(batch)',
  replace: `if (rows.some(({payload}) => payload.includes('freeze here'))) {
    process.stderr.write('frozen\\n')
    process.kill(process.pid, 'SIGSTOP')
  }
  if (batch.records > 0) await deps.send(batch)`,
})
