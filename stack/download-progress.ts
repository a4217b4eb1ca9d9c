/** How far a download of Maven is, out of what Maven prints. Pure. */

const UNITS: Readonly<Record<string, number>> = {B: 1e-6, kB: 1e-3, MB: 1, GB: 1e3}
const STEPS = 10
const WIDTH = 20

const megabytes = (size: string, unit: string): number => Number(size) * UNITS[unit]!

/** Of a line of Maven: what it says to be downloaded, or how far what is under way is; else undefined. */
export function parseTransfer(
  line: string,
): {readonly done: number} | {readonly under: number} | undefined {
  const whole = /^Downloaded from .*\((\d+(?:\.\d+)?) ([kMG]?B)/.exec(line)
  if (whole !== null) return {done: megabytes(whole[1]!, whole[2]!)}
  if (!line.startsWith('Progress (')) return undefined
  // Several at a time: `4.1/143 MB | 12/55 kB`, each perhaps with the name of its file.
  const parts = line.matchAll(/(\d+(?:\.\d+)?)(?:\/\d+(?:\.\d+)?)? ([kMG]?B)/g)
  return {under: [...parts].reduce((sum, [, size, unit]) => sum + megabytes(size!, unit!), 0)}
}

/** A bar with megabytes; never full before the end, whatever was expected. */
export function bar(name: string, doneMb: number, expectedMb: number): string {
  const share = Math.min(doneMb / expectedMb, 0.99)
  const full = Math.floor(share * WIDTH)
  const mb = `${Math.round(doneMb)} of about ${expectedMb} MB`
  return `downloading ${name} [${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}] ${mb}`
}

/**
 * Takes what Maven prints, piece by piece, and says a bar at each tenth.
 *
 * @param expectedMb how much it is usually, once
 */
export function createDownloadProgress(
  name: string,
  expectedMb: number,
  say: (text: string) => void,
): (chunk: string) => void {
  let [rest, done, step] = ['', 0, -1]
  return chunk => {
    const lines = (rest + chunk).split(/[\r\n]/)
    // The last one goes on in the next piece.
    rest = lines.pop()!
    for (const line of lines) {
      const seen = parseTransfer(line)
      if (seen === undefined) continue
      if ('done' in seen) done += seen.done
      const soFar = done + ('under' in seen ? seen.under : 0)
      const now = Math.min(Math.floor((soFar / expectedMb) * STEPS), STEPS - 1)
      if (now <= step) continue
      step = now
      say(bar(name, soFar, expectedMb))
    }
  }
}
