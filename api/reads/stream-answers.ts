/** Everything that is read of declared streams, whichever store answers. */
import type {Stores} from './stores.ts'
import {createStreamEvents, type StreamEventReads} from './stream-events.ts'
import {createStreamTops, type StreamTopReads} from './stream-tops.ts'
import {createStreamFigures, type StreamFigureReads} from './stream-figures.ts'

export interface StreamAnswers {
  readonly figures: StreamFigureReads
  readonly tops: StreamTopReads
  readonly events: StreamEventReads
}

export const createStreamAnswers = (stores: Stores): StreamAnswers => ({
  figures: createStreamFigures(stores),
  tops: createStreamTops(stores),
  events: createStreamEvents(stores),
})
