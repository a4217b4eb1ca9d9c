/** The tables of everything that is simulated, as init makes them. */
import {makeSampleTables} from '../db/sample-tables.ts'
import {loadStreams} from '../streams/load.ts'

export async function makeSimulatedTables(url: string): Promise<void> {
  await makeSampleTables(url, await loadStreams('streams'))
}
