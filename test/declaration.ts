/** The text of a file of `streams/`, loaded as pipelines load such files. */
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import type {Stream} from '../contracts/stream.ts'
import {loadStreams} from '../streams/load.ts'

/** @param text with imports as in `streams/`: relative to it, and of packages */
export async function loadDeclaration(text: string): Promise<Stream> {
  // Inside of the checkout: it imports packages, too.
  const folder = mkdtempSync(resolve('test/declaration-'))
  try {
    writeFileSync(join(folder, 'declared.ts'), text.replaceAll("'../", `'${resolve('.')}/`))
    const [stream] = await loadStreams(folder)
    return stream!
  } finally {
    rmSync(folder, {recursive: true})
  }
}
