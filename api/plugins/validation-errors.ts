/**
 * From everything that a validator found to what is wrong: one cause where there is one, in words. Pure.
 *
 * Of a choice (`anyOf`) the validator tells why each alternative does not fit. What was meant is the one
 * that fits best, and only what is wrong with that is told.
 */
import type {ErrorObject} from 'ajv'

type Errors = readonly ErrorObject[]

const isChoice = ({keyword}: ErrorObject): boolean => keyword === 'anyOf' || keyword === 'oneOf'

const isBelow = (path: string, root: string): boolean =>
  path === root || path.startsWith(`${root}/`)

/** What alternative of a choice an error is of; undefined: of none. */
function alternativeOf(choice: ErrorObject, error: ErrorObject): number | undefined {
  const prefix = `${choice.schemaPath}/`
  if (error === choice || !error.schemaPath.startsWith(prefix)) return undefined
  if (!isBelow(error.instancePath, choice.instancePath)) return undefined
  return Number.parseInt(error.schemaPath.slice(prefix.length), 10)
}

interface Alternative {
  readonly errors: Errors
  /** Errors of the value itself, not of what is inside. */
  readonly own: number
  /** The value is of another JSON type. */
  readonly isOtherType: boolean
  /** What a list begins with, as the name of an operator does, is another one. */
  readonly other: ErrorObject | undefined
}

function toAlternative({instancePath}: ErrorObject, errors: Errors): Alternative {
  const own = errors.filter(error => error.instancePath === instancePath)
  return {
    errors,
    own: own.length,
    isOtherType: own.some(({keyword}) => keyword === 'type'),
    other: errors.find(
      error => error.keyword === 'enum' && error.instancePath === `${instancePath}/0`,
    ),
  }
}

const allowedOf = ({params}: ErrorObject): readonly unknown[] =>
  (params as {allowedValues?: readonly unknown[]}).allowedValues ?? []

/** What is wrong with the alternative that fits best. */
function chosenOf(choice: ErrorObject, errors: Errors): Errors {
  const byNumber = new Map<number, ErrorObject[]>()
  for (const error of errors) {
    const number = alternativeOf(choice, error)
    if (number === undefined) continue
    byNumber.set(number, [...(byNumber.get(number) ?? []), error])
  }
  const all = [...byNumber.values()].map(some => toAlternative(choice, some))
  const ofType = all.filter(one => !one.isOtherType)
  if (ofType.length === 0) return [choice]
  const meant = ofType.filter(({other}) => other === undefined)
  if (meant.length === 0) {
    const [first] = ofType
    const allowedValues = [...new Set(ofType.flatMap(({other}) => allowedOf(other!)))]
    return [{...first!.other!, params: {allowedValues}}]
  }
  const [best] = meant.toSorted((a, b) => a.own - b.own || a.errors.length - b.errors.length)
  return reduceErrors(best!.errors)
}

/** The list that a value is a member of. */
const listAround = (path: string): string | undefined => /^(.+)\/\d+$/.exec(path)?.[1]

/** Where some members of a list are nothing that could be meant, the list itself is another one. */
function withoutSiblings(errors: Errors): Errors {
  const first = new Map<string, ErrorObject>()
  for (const error of errors) {
    const list = isChoice(error) ? listAround(error.instancePath) : undefined
    if (list !== undefined && !first.has(list)) first.set(list, error)
  }
  return errors.filter(error =>
    [...first].every(([list, one]) => error === one || !isBelow(error.instancePath, list)),
  )
}

/** The causes among the errors, in their order. */
export function reduceErrors(errors: Errors): Errors {
  const choices = errors.filter(isChoice)
  const outer = choices.filter(
    choice => !choices.some(other => alternativeOf(other, choice) !== undefined),
  )
  const inside = new Set(
    outer.flatMap(choice => errors.filter(error => alternativeOf(choice, error) !== undefined)),
  )
  const causes = errors.flatMap(error => {
    if (inside.has(error)) return []
    return outer.includes(error) ? chosenOf(error, errors) : [error]
  })
  return withoutSiblings(causes.filter(({keyword}) => keyword !== 'if'))
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
}

const countOf = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

type Say = (params: Readonly<Record<string, unknown>>, error: ErrorObject) => string

const SAY: Readonly<Record<string, Say>> = {
  required: () => 'is needed',
  additionalProperties: (_, {parentSchema}) => {
    const known = Object.keys((parentSchema?.['properties'] as object | undefined) ?? {})
    return `is not a field that is known here: ${known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`}`
  },
  enum: (_, error) => `must be one of ${allowedOf(error).map(String).join(', ')}`,
  type: ({type}) =>
    `must be ${[type]
      .flat()
      .map(one => TYPES[String(one)] ?? String(one))
      .join(' or ')}`,
  minimum: ({limit}) => `must be at least ${String(limit)}`,
  maximum: ({limit}) => `must be at most ${String(limit)}`,
  minLength: ({limit}) => `must have at least ${countOf(Number(limit), 'character')}`,
  maxLength: ({limit}) => `must have at most ${countOf(Number(limit), 'character')}`,
  minItems: ({limit}) => `must have at least ${countOf(Number(limit), 'member')}`,
  maxItems: ({limit}) => `must have at most ${countOf(Number(limit), 'member')}`,
  items: ({limit}) => `must have at most ${countOf(Number(limit), 'member')}`,
  uniqueItems: () => 'must not name anything twice',
  minProperties: ({limit}) => `must have at least ${countOf(Number(limit), 'field')}`,
  maxProperties: ({limit}) => `must have at most ${countOf(Number(limit), 'field')}`,
}

/** Where the words of the schema say more than that a pattern does not fit, or how many there are. */
const IN_WORDS_OF_SCHEMA = new Set([
  'type',
  'pattern',
  'format',
  'anyOf',
  'oneOf',
  'minItems',
  'maxItems',
  'items',
])

/** What is wrong, as the end of a sentence that begins with the field. */
export function describeError(error: ErrorObject): string {
  const {keyword, params, parentSchema} = error
  const words: unknown = parentSchema?.['x-expected']
  if (typeof words === 'string' && IN_WORDS_OF_SCHEMA.has(keyword)) return `must be ${words}`
  return SAY[keyword]?.(params as Readonly<Record<string, unknown>>, error) ?? 'has another form'
}
