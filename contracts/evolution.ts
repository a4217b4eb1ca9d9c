/**
 * What readers of a topic meet when its schema changes: why records that are there could not be read any more. Pure.
 *
 * Stricter than Avro: what would be read as something else (a number as a date) is told, too.
 */
import type {AvroRecord} from './columns.ts'

/** Fields as a registry has them. */
type Field = AvroRecord['fields'][number]
type Type = Field['type']

interface Value {
  readonly isNullable: boolean
  readonly type: Exclude<Type, readonly unknown[]>
}

function valueOf(type: Type): Value {
  const parts = Array.isArray(type) ? (type as readonly Value['type'][]) : [type as Value['type']]
  return {
    isNullable: parts.includes('null'),
    type: parts.find(part => part !== 'null') ?? 'null',
  }
}

/** What is told apart: `long`, `decimal`, `uuid`, `record`. */
function nameOf(type: Value['type']): string {
  if (typeof type === 'string') return type
  return 'logicalType' in type && type.logicalType !== undefined ? type.logicalType : type.type
}

/** As which others values are read, without loss. */
const READ_AS: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'double'],
  long: ['double'],
  float: ['double'],
  uuid: ['string'],
}

interface Digits {
  readonly precision?: number
  readonly scale?: number
}

const digitsOf = (type: Value['type']): string => {
  const {precision = 0, scale = 0} = type as Digits
  return `numeric(${precision},${scale})`
}

function holdsDigits(before: Digits, after: Digits): boolean {
  const [from, to] = [before.scale ?? 0, after.scale ?? 0]
  return to >= from && (after.precision ?? 0) - to >= (before.precision ?? 0) - from
}

function breakOfField(name: string, before: Field | undefined, after: Field): readonly string[] {
  if (before === undefined) {
    if (after.default !== undefined) return []
    return [`${name} may not be null, and records that are there have none`]
  }
  const [from, to] = [valueOf(before.type), valueOf(after.type)]
  if (nameOf(to.type) === 'record' && nameOf(from.type) === 'record') {
    return breaksOf(from.type as AvroRecord, to.type as AvroRecord, `${name}.`)
  }
  const [was, is] = [nameOf(from.type), nameOf(to.type)]
  if (was !== is && READ_AS[was]?.includes(is) !== true) {
    return [`${name} was ${was} and would be ${is}`]
  }
  if (was === 'decimal' && !holdsDigits(from.type as Digits, to.type as Digits)) {
    return [`${name} was ${digitsOf(from.type)} and would be ${digitsOf(to.type)}`]
  }
  return from.isNullable && !to.isNullable
    ? [`${name} may be null in records that are there, and would not`]
    : []
}

/**
 * @param before the schema of records that are there
 * @returns a sentence each; none: they can be read by `after`
 */
export function breaksOf(before: AvroRecord, after: AvroRecord, prefix = ''): readonly string[] {
  const known = new Map(before.fields.map(field => [field.name, field]))
  return (
    after.fields
      // The row as it was has the same columns.
      .filter(({name}) => name !== 'before')
      .flatMap(field => breakOfField(`${prefix}${field.name}`, known.get(field.name), field))
  )
}
