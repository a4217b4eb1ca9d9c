/** A question to whoever sits at the terminal. */
import {createInterface} from 'node:readline/promises'

/** @returns whether the answer is yes; no answer is no */
export async function askYes(question: string): Promise<boolean> {
  const terminal = createInterface({input: process.stdin, output: process.stdout})
  const closed = Promise.withResolvers<string>()
  terminal.once('close', () => closed.resolve(''))
  const answer = await Promise.race([terminal.question(`${question} (yes/no) `), closed.promise])
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}
