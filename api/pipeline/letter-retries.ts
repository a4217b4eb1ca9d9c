/** Tries dead letters of topics again by themselves, those whose cause may pass. */
import {messageOf} from '../../platform/errors.ts'
import {pause, type Loop} from '../../platform/lifecycle.ts'
import type {Logger} from '../../platform/log.ts'
import type {DeadLetters} from './dead-letters.ts'

export function createLetterRetries(
  deps: {readonly deadLetters: Pick<DeadLetters, 'retry'>; readonly log: Logger},
  options: {readonly everyMs: number},
): Loop {
  const {deadLetters, log} = deps
  return {
    name: 'dead letters',
    async run(signal) {
      while (!signal.aborted) {
        await pause(options.everyMs, signal)
        if (signal.aborted) return
        try {
          const retried = await deadLetters.retry()
          if (retried > 0)
            log.info({letters: retried}, 'dead letters re-driven: their cause passed')
        } catch (error) {
          log.warn({message: messageOf(error)}, 'dead letters not looked after, tried again later')
        }
      }
    },
  }
}
