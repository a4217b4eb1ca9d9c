/** What things are called on the pages. Pure. */
import {shorten} from './format.ts'

interface Named {
  readonly id: string
  readonly slug: string
  readonly title: string
}

/** A letter, digit, sign or picture: white space and marks of direction alone cannot be seen. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u

/** Whether anything of it can be seen. */
export const isVisible = (text: string): boolean => VISIBLE.test(text)

/** The title; where nothing of it can be seen, the slug or the id, so that there is something to click. */
export const nameOf = (content: Named | undefined, unknown = ''): string =>
  content === undefined ? unknown : ([content.title, content.slug].find(isVisible) ?? content.id)

const PART_MAX = 80
/** Line breaks, and marks that would turn what stands behind them. */
const HIDDEN = /[\p{Cc}\s\u202A-\u202E\u2066-\u2069]+/gu

/** The title of the tab, the particular first: tabs show little more. */
export const titleOf = (parts: readonly (string | undefined)[]): string =>
  [...parts, 'Engagement']
    .filter(part => part !== undefined && isVisible(part))
    .map(part => shorten(part!.replaceAll(HIDDEN, ' ').trim(), PART_MAX))
    .join(' · ')
