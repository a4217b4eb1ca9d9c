import {expect, test} from 'vitest'
import {progressLine} from './progress.ts'

test('how far it is is said each five seconds', () => {
  expect(progressLine({sinceSaidMs: 4999, stillMs: 0, text: '7 left'})).toBeNull()
  expect(progressLine({sinceSaidMs: 5000, stillMs: 5000, text: '7 left'})).toBe('7 left')
})

test('what does not change names the command that says why', () => {
  expect(progressLine({sinceSaidMs: 5000, stillMs: 30_400, text: '7 left'})).toBe(
    '7 left; unchanged for 30 s: npm run status says what runs and what stands still',
  )
})
