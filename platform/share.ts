/** How much of what passed was put aside, over the last hour and day: counted by the minute. */

export const WINDOWS = {hour: 60, day: 1_440} as const
export type ShareWindow = keyof typeof WINDOWS

interface Minute {
  readonly at: number
  all: number
  aside: number
}

export interface Share {
  /** @param aside how many of `all` were put aside */
  note(all: number, aside: number): void
  /** From 0 to 1; 0 when nothing passed. Only what this process has seen. */
  of(window: ShareWindow): number
  /** For a gauge with one value a window. */
  each(set: (window: ShareWindow, share: number) => void): void
}

/** @param now milliseconds */
export function createShare(now: () => number): Share {
  const minutes: Minute[] = []
  const present = (): number => Math.floor(now() / 60_000)
  const of = (window: ShareWindow): number => {
    const from = present() - WINDOWS[window]
    let all = 0
    let aside = 0
    for (const minute of minutes) {
      if (minute.at <= from) continue
      all += minute.all
      aside += minute.aside
    }
    return all === 0 ? 0 : aside / all
  }
  return {
    note(all, aside) {
      const at = present()
      let last = minutes.at(-1)
      if (last?.at !== at) {
        last = {at, all: 0, aside: 0}
        minutes.push(last)
        if (minutes.length > WINDOWS.day) minutes.shift()
      }
      last.all += all
      last.aside += aside
    },
    of,
    each(set) {
      set('hour', of('hour'))
      set('day', of('day'))
    },
  }
}
