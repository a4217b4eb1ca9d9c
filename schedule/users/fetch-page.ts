/** One page of users over HTTP: bounded in time and size, by an address that is a setting. */
import {messageOf} from '../../platform/errors.ts'
import type {UsersSettings} from './settings.ts'

export interface PageQuestion {
  /** The same seed and page, the same users. */
  readonly seed: string
  /** From 1. */
  readonly page: number
  readonly signal: AbortSignal
}

/** @throws a sentence that says of which address what is wrong */
export async function fetchPage(
  {url, pageRows, timeoutMs, bytesMax}: UsersSettings,
  {seed, page, signal}: PageQuestion,
): Promise<readonly unknown[]> {
  const address = new URL(url)
  const asked = {results: String(pageRows), page: String(page), seed}
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value)
  const limit = AbortSignal.timeout(timeoutMs)
  const fail = (why: string, cause?: unknown): Error =>
    new Error(`${address.href}: ${why}`, {cause})
  let text: string
  try {
    const answer = await fetch(address, {
      headers: {accept: 'application/json'},
      redirect: 'error',
      signal: AbortSignal.any([signal, limit]),
    })
    if (!answer.ok) throw new Error(`answered ${answer.status}`)
    text = await readText(answer, bytesMax)
  } catch (error) {
    signal.throwIfAborted()
    throw fail(limit.aborted ? `no whole answer within ${timeoutMs} ms` : messageOf(error), error)
  }
  return readResults(text, fail)
}

/** @throws when there is more of it than `bytesMax` */
async function readText(answer: Response, bytesMax: number): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of answer.body ?? []) {
    bytes += part.byteLength
    if (bytes > bytesMax) throw new Error(`the answer is larger than ${bytesMax} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function readResults(text: string, fail: (why: string) => Error): readonly unknown[] {
  let body: {readonly results?: unknown; readonly error?: unknown} | null
  try {
    body = JSON.parse(text) as typeof body
  } catch {
    throw fail(`the answer is no JSON: it begins with ${JSON.stringify(text.slice(0, 60))}`)
  }
  if (typeof body?.error === 'string') throw fail(`refused: ${body.error}`)
  if (!Array.isArray(body?.results)) throw fail('the answer has no list "results"')
  return body.results as readonly unknown[]
}
