import {expect, test} from 'vitest'
import {createCommand} from './command.ts'

const command = createCommand({GIVEN: 'a', CHANGED: 'b'})
const never = new AbortController().signal

test('a command is given all settings, with those that were changed, and its output and status are told', async () => {
  const script =
    'console.log(process.env.GIVEN, process.env.CHANGED); console.error("no"); process.exit(3)'
  expect(await command(['-e', script], {env: {CHANGED: 'c'}, signal: never})).toEqual({
    status: 3,
    stdout: 'a c\n',
    stderr: 'no\n',
  })
})

test('a command is asked to end when the signal fires', async () => {
  const stop = new AbortController()
  const running = command(['-e', 'setInterval(() => {}, 1000)'], {signal: stop.signal})
  stop.abort()
  expect(await running).toMatchObject({status: null})
})
