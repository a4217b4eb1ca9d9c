import {describe, expect, test} from 'vitest'
import {parseInput, UsageError} from '../command.ts'
import {COMMANDS} from '../commands.ts'
import {readLetterCommand} from './arguments.ts'

const parse = (line: string) => {
  const words = line.split(' ').filter(word => word !== '')
  const input = parseInput(COMMANDS['dead-letters'], words)
  return input === 'help' ? {kind: 'help'} : readLetterCommand(input)
}

describe('what is asked for', () => {
  test('open letters are listed, with --all also resolved ones', () => {
    expect(parse('list')).toMatchObject({kind: 'list', filter: {state: 'open'}, limit: 50})
    expect(parse('list --all --limit 7')).toMatchObject({filter: {state: 'all'}, limit: 7})
  })

  test('many are chosen by topic, reason and time, and only --yes does it', () => {
    const line =
      'redrive --topic a.b --reason TOPIC_UNKNOWN --from 2026-01-31 --to 2026-02-01T12:00:00+01:00'
    const filter = {
      topic: 'a.b',
      reason: 'TOPIC_UNKNOWN',
      from: '2026-01-31T00:00:00.000Z',
      to: '2026-02-01T11:00:00.000Z',
    }
    expect(parse(line)).toMatchObject({kind: 'many', verb: 'redrive', filter, isSure: false})
    expect(parse(`${line} --yes`)).toMatchObject({isSure: true})
    expect(parse('discard --all --yes')).toMatchObject({kind: 'many', verb: 'discard'})
  })

  test('one is named by its id', () => {
    expect(parse('redrive outbox:7')).toEqual({kind: 'one', verb: 'redrive', id: 'outbox:7'})
    expect(parse('show p-events.dlq:0:12')).toEqual({kind: 'show', id: 'p-events.dlq:0:12'})
  })

  test.each(['--help', 'redrive --all --yes --help', 'discard outbox:7 --help', 'nonsense --help'])(
    '%s asks for help and nothing else',
    line => expect(parse(line)).toEqual({kind: 'help'}),
  )
})

test.each([
  ['', 'no command: give list, show, redrive or discard'],
  ['drop --all', 'drop: give list'],
  ['redrive', 'redrive: give an id, a filter, or --all'],
  ['redrive --yes', 'redrive: give an id, a filter, or --all'],
  ['discard --all --topic t', '--all and a filter exclude each other'],
  ['redrive outbox:7 --topic t', 'redrive outbox:7: give either an id, or a filter'],
  ['redrive outbox:7 outbox:8', 'outbox:8: one id at a time'],
  ['redrive 7', '7: give an id as list prints it'],
  ['show', 'show: give an id'],
  ['list 20', 'list 20: give --limit 20'],
  ['list --limit 0', '--limit 0: give a whole number from 1'],
  ['list --limit 1e3', '--limit 1e3: give a whole number'],
  ['list --limit=', '--limit : give a whole number'],
  ['list --topic=', '--topic : give the name of a topic'],
  [
    'list --reason encode_failed',
    '--reason encode_failed: give one of CONFIG_INVALID, ENCODE_FAILED',
  ],
  ['list --from yesterday', '--from yesterday: give a date or time as 2026-01-31'],
  [
    'list --from 2026-02-30',
    '--from 2026-02-30: from: is not a date or time that exists; give a date',
  ],
  ['list --to 31.1.2026', '--to 31.1.2026: give a date or time'],
  [
    'list --from 2026-02-01 --to 2026-01-31',
    '--to 2026-01-31: give a time later than --from 2026-02-01',
  ],
  ['list --since 2026-02-01', "Unknown option '--since'"],
  ['list --topic', "Option '--topic <value>' argument missing"],
])('%s is refused: %s', (line, says) => {
  expect(() => parse(line)).toThrow(UsageError)
  expect(() => parse(line)).toThrow(says)
})
