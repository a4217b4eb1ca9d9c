/**
 * Changes the columns in the text of a declaration, and nothing else that somebody wrote. Pure.
 *
 * Does not      guess: what is not written as we or the documents write it is an `UnsafeChange`.
 */
import type {Stream} from '../../contracts/stream.ts'
import type {Changes} from './changes.ts'
import type {ProposedColumn} from './propose.ts'
import {propertyOf, quote} from './render.ts'
import {
  applyEdits,
  closeOf,
  insertion,
  readLiteral,
  removal,
  skipBlanks,
  unquote,
  type Edit,
  type Literal,
  type Property,
} from './source.ts'

/** The file is not written in a way that can be changed: the sentence says what was not found. */
export class UnsafeChange extends Error {
  override readonly name = 'UnsafeChange'
}

interface ColumnProperty extends Property {
  /** Name in SQL. */
  readonly column: string
  /** Whether it is said beside the property's name. */
  readonly isNamed: boolean
}

interface TableText {
  readonly properties: readonly ColumnProperty[]
  /** `t.`, or nothing where the functions are imported. */
  readonly builder: string
}

const STRING = /^(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")/s

/** The columns of a table: what follows its name in the call that makes it. */
function findColumns(
  text: string,
  table: string,
): {readonly open: number; readonly builder: string} {
  for (const {index, 0: call} of text.matchAll(/(?:\bpgTable|\.table)\s*\(/g)) {
    const at = skipBlanks(text, index + call.length)
    const name = STRING.exec(text.slice(at))?.[0]
    if (name === undefined || unquote(name) !== table) continue
    const rest = skipBlanks(text, skipBlanks(text, at + name.length) + 1)
    const arrow = /^(?:\(\s*(\w+)\s*\)|(\w+))\s*=>\s*\(\s*/.exec(text.slice(rest))
    const open = rest + (arrow?.[0].length ?? 0)
    const builder = arrow?.[1] ?? arrow?.[2]
    if (text[open] === '{') return {open, builder: builder === undefined ? '' : `${builder}.`}
  }
  throw new UnsafeChange(`it has no pgTable(${quote(table)}, …) with its columns`)
}

function readTableText(text: string, table: string): TableText {
  const {open, builder} = findColumns(text, table)
  const properties = readLiteral(text, open).properties.map((property): ColumnProperty => {
    const value = text.slice(property.valueStart, property.end)
    const argument = /^[\w.$]+\(\s*/.exec(value)?.[0].length ?? value.length
    const name = STRING.exec(value.slice(argument))?.[0]
    const column = name === undefined ? property.name : unquote(name)
    return {...property, column, isNamed: name !== undefined}
  })
  return {properties, builder}
}

function findStreamLiteral(text: string, name: string): Literal {
  for (const {index, 0: call} of text.matchAll(/\bstream\s*\(\s*\{/g)) {
    const literal = readLiteral(text, index + call.length - 1)
    const own = literal.properties.find(property => property.name === 'name')
    if (own === undefined) continue
    const value = text.slice(own.valueStart, own.end)
    if (STRING.exec(value)?.[0] === value && unquote(value) === name) return literal
  }
  throw new UnsafeChange(`it has no stream({name: ${quote(name)}, …})`)
}

/** A column's type as the table writes its types, with its name where it has to be said. */
function typeText(type: string, builder: string, name: string | null): string {
  if (name === null) return `${builder}${type}`
  const open = type.indexOf('(') + 1
  return `${builder}${type.slice(0, open)}${quote(name)}${type[open] === ')' ? '' : ', '}${type.slice(open)}`
}

/** Its type and what is said of it behind that. */
function retypedText(
  value: string,
  column: Changes['retyped'][number],
  {builder, name}: {readonly builder: string; readonly name: string | null},
): string {
  const end = closeOf(value, value.indexOf('(')) + 1
  const isNotNull = column.type.endsWith('.notNull()')
  const head = column.isOnlyNull
    ? value.slice(0, end)
    : typeText(column.type.replace(/\.notNull\(\)$/, ''), builder, name)
  const chain = value.slice(end)
  return head + (isNotNull ? chain : chain.replace(/\s*\.notNull\(\)/, ''))
}

/** Functions that have to be imported by their names. */
function importEdit(text: string, types: readonly string[]): readonly Edit[] {
  const found = /import\s*\{([^}]*)\}\s*from\s*['"]drizzle-orm\/pg-core['"]/.exec(text)
  if (found === null) throw new UnsafeChange("it has no import {…} from 'drizzle-orm/pg-core'")
  const known = found[1]!.split(',').map(name => name.trim())
  const wanted = types.map(type => type.slice(0, type.indexOf('(')))
  const missing = [...new Set(wanted)].filter(name => !known.includes(name))
  if (missing.length === 0) return []
  const names = [...known.filter(name => name !== ''), ...missing].toSorted()
  const start = found.index + found[0].indexOf('{')
  return [{start, end: start + found[1]!.length + 2, text: `{${names.join(', ')}}`}]
}

/** Names of fields: those that are renamed keep theirs, and new ones get what they need. */
function fieldEdits(text: string, literal: Literal, {renamed, added}: Changes): readonly Edit[] {
  const given = [
    ...renamed.map(({to, field}) => ({name: to, field})),
    ...added.filter(({name, field}) => name !== field),
  ].filter(({name, field}) => name !== field)
  const fields = literal.properties.find(({name}) => name === 'fields')
  const entryOf = ({name, field}: {readonly name: string; readonly field: string}): string =>
    `${propertyOf(name)}: ${quote(field)}`
  if (fields === undefined) {
    const key = literal.properties.find(({name}) => name === 'key')
    if (key === undefined) throw new UnsafeChange('its stream has no key to put fields behind')
    return given.length === 0
      ? []
      : [insertion(text, key, [`fields: {${given.map(entryOf).join(', ')}}`])]
  }
  if (text[fields.valueStart] !== '{') throw new UnsafeChange('its fields are no literal')
  const {properties} = readLiteral(text, fields.valueStart)
  const edits: Edit[] = []
  const done = new Set<string>()
  for (const {from, to, field} of renamed) {
    const own = properties.find(({name}) => name === from)
    if (own === undefined) continue
    done.add(to)
    const isNeeded = to !== field
    edits.push(
      isNeeded
        ? {start: own.start, end: own.valueStart, text: `${propertyOf(to)}: `}
        : removal(text, own),
    )
  }
  const more = given.filter(({name}) => !done.has(name)).map(entryOf)
  if (more.length > 0) {
    const at = fields.valueStart + 1
    edits.push({start: at, end: at, text: `${more.join(', ')}, `})
  }
  return edits
}

/** Where the declaration names a renamed column. */
function nameEdits(text: string, literal: Literal, {renamed}: Changes): readonly Edit[] {
  const named = literal.properties.filter(({name}) => ['key', 'id', 'time', 'omit'].includes(name))
  return named.flatMap(({valueStart, end}) => {
    const value = text.slice(valueStart, end)
    const changed = value.replaceAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, found => {
      const to = renamed.find(({from}) => from === unquote(found))?.to
      return to === undefined ? found : quote(to)
    })
    return changed === value ? [] : [{start: valueStart, end, text: changed}]
  })
}

/**
 * The text with the columns as the table has them now.
 *
 * @throws UnsafeChange when it is not written so that it can be changed
 */
export function revise(text: string, stream: Stream, changes: Changes): string {
  const {name, table} = stream
  const columns = stream.columns.filter(({parts}) => parts === undefined)
  const {properties, builder} = readTableText(text, table.slice(table.indexOf('.') + 1))
  const found = new Set(properties.map(({column}) => column))
  if (properties.length !== columns.length || columns.some(({column}) => !found.has(column))) {
    throw new UnsafeChange('columns are not all written out in its table')
  }
  const literal = findStreamLiteral(text, name)
  const of = (column: string): ColumnProperty =>
    properties.find(property => property.column === column)!
  const edits: Edit[] = changes.dropped.map(column => removal(text, of(column)))
  for (const {from, to} of changes.renamed) edits.push(...renameEdits(text, of(from), to))
  for (const column of changes.retyped) {
    const was = changes.renamed.find(({to}) => to === column.name)?.from ?? column.name
    const {valueStart, end, isNamed} = of(was)
    if (isNamed && was !== column.name) throw new UnsafeChange(`${was} is another one in two ways`)
    const own = {builder, name: isNamed ? column.name : null}
    edits.push({
      start: valueStart,
      end,
      text: retypedText(text.slice(valueStart, end), column, own),
    })
  }
  if (changes.added.length > 0) {
    const kept = properties.findLast(({column}) => !changes.dropped.includes(column))
    if (kept === undefined) throw new UnsafeChange('no column of it is left')
    edits.push(
      insertion(
        text,
        kept,
        changes.added.map(one => addedText(one, builder)),
      ),
    )
  }
  if (builder === '') {
    const types = [...changes.added, ...changes.retyped.filter(one => !one.isOnlyNull)]
    edits.push(
      ...importEdit(
        text,
        types.map(({type}) => type),
      ),
    )
  }
  return applyEdits(text, [
    ...edits,
    ...fieldEdits(text, literal, changes),
    ...nameEdits(text, literal, changes),
  ])
}

const addedText = ({name, type}: ProposedColumn, builder: string): string =>
  `${propertyOf(name)}: ${typeText(type, builder, builder === '' ? name : null)}`

/** Another name of a column, where it is said. */
function renameEdits(text: string, property: ColumnProperty, to: string): readonly Edit[] {
  const {start, valueStart, end, isNamed} = property
  if (!isNamed) return [{start, end: valueStart, text: `${propertyOf(to)}: `}]
  const value = text.slice(valueStart, end)
  const at = valueStart + value.search(/['"]/)
  const name = STRING.exec(text.slice(at))![0]
  return [{start: at, end: at + name.length, text: quote(to)}]
}
