import {expect, test} from 'vitest'
import {judgeStage} from './stages.ts'

test('a stage is as good as the worst of it, in the word for that', () => {
  expect(judgeStage([['good'], ['good', 'Needs a look']])).toEqual({
    health: 'good',
    word: 'Keeping up',
  })
  expect(judgeStage([['good'], ['warn', 'Needs a look']])).toEqual({
    health: 'warn',
    word: 'Needs a look',
  })
  expect(judgeStage([['warn'], ['warn', 'Not ready']]).word).toBe('Behind')
  expect(judgeStage([['bad'], ['warn', 'Needs a look']])).toEqual({
    health: 'bad',
    word: 'Not working',
  })
  expect(judgeStage([['good'], ['unknown']]).word).toBe('Not known')
})
