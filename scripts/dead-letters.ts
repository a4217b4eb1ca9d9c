/** Looks at what was put aside, and resolves it: rows of the outbox, and records of `<topic>.dlq`. */
import type {DeadLetters} from '../api/pipeline/dead-letters.ts'
import {runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'
import {readLetterCommand, type LetterCommand} from './dead-letters/arguments.ts'
import {openLetters} from './dead-letters/open.ts'

const CHUNK = 100
const DONE = {redrive: 're-driven', discard: 'discarded'} as const

async function list(
  letters: DeadLetters,
  {filter, limit}: LetterCommand & {kind: 'list'},
): Promise<void> {
  const {items, matching} = await letters.list(filter, limit)
  for (const one of items) {
    const state = one.resolution ?? 'open'
    const tried =
      one.attempts === 0 && one.next_try_at === null
        ? []
        : [`tried ${one.attempts}, next ${one.next_try_at ?? 'never'}`]
    const message = one.message.replaceAll(/\s+/g, ' ')
    console.log([one.id, one.failed_at, state, one.topic, one.reason, ...tried, message].join('  '))
  }
  if (matching > items.length) console.error(`${items.length} of ${matching}: --limit N shows more`)
}

/** Those put aside before it began, the oldest first. */
async function resolveMany(
  letters: DeadLetters,
  command: LetterCommand & {kind: 'many'},
): Promise<void> {
  const {verb, filter, limit, isSure} = command
  const {matching} = await letters.list(filter, 0)
  const wanted = Math.min(matching, limit)
  if (!isSure) {
    console.error(`${wanted} open dead letters match; nothing was done: add --yes for that`)
    process.exitCode = 2
    return
  }
  let [resolved, failed, after]: [number, number, string | undefined] = [0, 0, undefined]
  for (let left = limit; left > 0;) {
    const chunk = await letters.resolveMany(verb, filter, {after, limit: Math.min(CHUNK, left)})
    for (const {id, detail} of chunk.failed) console.error(`${id}: ${detail}`)
    resolved += chunk.resolved
    failed += chunk.failed.length
    left -= chunk.resolved + chunk.failed.length
    if (chunk.next === null) break
    after = chunk.next
    console.log(`${resolved + failed} of ${wanted}`)
  }
  console.log(`${resolved} ${DONE[verb]}, ${failed} failed${failed > 0 ? ' and stay open' : ''}`)
  if (failed > 0) process.exitCode = 1
}

await runCommand(COMMANDS['dead-letters'], async input => {
  const command = readLetterCommand(input)
  await using resources = new AsyncDisposableStack()
  const letters = await openLetters(input.env, resources)
  if (command.kind === 'list') return await list(letters, command)
  if (command.kind === 'many') return await resolveMany(letters, command)
  if (command.kind === 'show') {
    return console.log(JSON.stringify(await letters.get(command.id), null, 2))
  }
  await letters.resolve(command.verb, command.id)
  console.log(`${command.id}: ${DONE[command.verb]}`)
})
