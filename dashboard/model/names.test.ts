import {expect, test} from 'vitest'
import {nameOf, titleOf} from './names.ts'

const ID = '11111111-1111-4111-8111-111111111111'

test('a content whose title cannot be seen is called by its slug, or by its id', () => {
  expect(nameOf({id: ID, slug: 'a-slug', title: 'A title'})).toBe('A title')
  expect(nameOf({id: ID, slug: 'a-slug', title: '🎧'})).toBe('🎧')
  for (const title of ['', '  ', '\u200B', '\u202E\t'])
    expect(nameOf({id: ID, slug: 'a-slug', title})).toBe('a-slug')
  expect(nameOf({id: ID, slug: ' ', title: ''})).toBe(ID)
})

test('the title of a tab begins with what is looked at, on one line and not without an end', () => {
  expect(titleOf(['Deep Dive', 'Content'])).toBe('Deep Dive · Content · Engagement')
  expect(titleOf(['', 'Content'])).toBe('Content · Engagement')
  expect(titleOf(['a\nb\u202Ec', undefined])).toBe('a b c · Engagement')
  expect(titleOf(['x'.repeat(800)])).toBe(`${'x'.repeat(80)}… · Engagement`)
})
