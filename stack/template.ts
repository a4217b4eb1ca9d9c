/** Configuration files of the servers: text with `{{name}}` in places. */
import {readFileSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {StackError} from './errors.ts'

export type Values = Readonly<Record<string, string | number>>

/** Puts `values` in their places; a place without a value, or a value without a place, is a mistake. */
export function render(text: string, values: Values): string {
  const unused = new Set(Object.keys(values))
  const rendered = text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined)
      throw new StackError(`the template has {{${name}}} and no value for it`)
    unused.delete(name)
    return String(value)
  })
  if (unused.size > 0)
    throw new StackError(`the template has no place for ${[...unused].join(', ')}`)
  return rendered
}

/** The path of a template in `stack/templates`. */
export const templatePath = (name: string): string =>
  fileURLToPath(new URL(`templates/${name}`, import.meta.url))

/** Renders the template `name` into the file `target`. */
export function renderInto(name: string, target: string, values: Values): void {
  writeFileSync(target, render(readFileSync(templatePath(name), 'utf8'), values))
}
