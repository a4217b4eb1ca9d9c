/** The text of a stream's file, of what is proposed. Pure. */
import type {Proposal, Rollup} from './propose.ts'

/** A string as files of this project write it. */
export const quote = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
const list = (texts: readonly string[]): string => `[${texts.map(quote).join(', ')}]`
/** The name of a property: `__proto__` without brackets would be none. */
export const propertyOf = (name: string): string =>
  name === '__proto__' ? `['__proto__']` : /^[a-z_]\w*$/i.test(name) ? name : quote(name)

/** Words that no constant may be called by. */
const WORDS: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static stream super switch table this throw true try typeof undefined var void while with yield'
  ).split(' '),
)

/** How the file calls its stream. */
export function constantOf({name}: Pick<Proposal, 'name'>): string {
  const constant = name
    .replace(/^_+/, '')
    .replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    .replaceAll('_', '')
  return constant === '' || WORDS.has(constant) || /^\d/.test(constant)
    ? `${constant.replace(/^(?=\d)/, 'of')}Stream`
    : constant
}

function rollupText({by, split, every, measures}: Rollup): string {
  const parts = [
    ...(by === null ? [] : [`by: ${quote(by)}`]),
    ...(split.length === 0 ? [] : [`split: ${list(split)}`]),
    `every: ${list(every)}`,
    ...(measures === null ? [] : [`measures: ${list(measures)}`]),
  ]
  return `    {${parts.join(', ')}},`
}

/** As a file of `streams/`. */
export function render(proposal: Proposal): string {
  const {schema, table, name, topic, key, id, time, columns, measures, rollups, top} = proposal
  const used = [...new Set(measures.map(([, made]) => made.slice(0, made.indexOf('('))))].toSorted()
  const maker = schema === 'public' ? 'pgTable' : 'pgSchema'
  const begin = schema === 'public' ? 'pgTable(' : `pgSchema(${quote(schema)}).table(`
  const typeOf = (column: string, type: string): string =>
    id === null && column === proposal.primaryKey
      ? type.replace(/\.notNull\(\)$/, '.primaryKey()')
      : type
  // For bytes drizzle has no name.
  const makerOf = (type: string): string => (type.startsWith('bytea()') ? type : `t.${type}`)
  const hasBytes = columns.some(({type}) => type.startsWith('bytea()'))
  const fields = columns.filter(one => one.field !== one.name)
  return [
    `/** Rows of ${schema}.${table}: a first proposal; what may be declared says docs/STREAMS.md. */`,
    `import {${maker}} from 'drizzle-orm/pg-core'`,
    ...(hasBytes ? [`import {bytea} from '../contracts/columns.ts'`] : []),
    `import {${used.join(', ')}} from '../contracts/measures.ts'`,
    `import {stream} from '../contracts/stream.ts'`,
    '',
    `const table = ${begin}${quote(table)}, t => ({`,
    ...columns.map(one => `  ${propertyOf(one.name)}: ${makerOf(typeOf(one.name, one.type))},`),
    '}))',
    '',
    `export const ${constantOf(proposal)} = stream({`,
    `  name: ${quote(name)},`,
    '  table,',
    `  topic: ${quote(topic)},`,
    `  key: ${quote(key)},`,
    ...(id === null ? [] : [`  id: ${typeof id === 'string' ? quote(id) : list(id)},`]),
    ...(time === null ? [] : [`  time: ${quote(time)},`]),
    ...(fields.length === 0
      ? []
      : [
          `  fields: {${fields.map(one => `${propertyOf(one.name)}: ${quote(one.field)}`).join(', ')}},`,
        ]),
    '  measures: {',
    ...measures.map(([measure, made]) => `    ${measure}: ${made},`),
    '  },',
    '  rollups: [',
    ...rollups.map(rollupText),
    '  ],',
    ...(top === null
      ? []
      : [`  top: [{by: ${quote(top.by)}, seconds: 600, measures: ${list(top.measures)}}],`]),
    '})',
    '',
  ].join('\n')
}
