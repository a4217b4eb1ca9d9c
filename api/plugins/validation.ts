/**
 * Reading of bodies and checking of schemas.
 *
 * Guarantees    bodies are taken as they are: no conversion, no silent removal of fields; only
 *               what stands in an address is text and therefore converted.
 */
import type {ErrorObject, ValidateFunction} from 'ajv'
import {Ajv2020} from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type {FastifyInstance} from 'fastify'
import {DEPTH_MAX, depthOf, findBadJson} from '../json-guard.ts'
import {Problem, showValue, type ProblemDetail} from '../problem.ts'
import {describeError, reduceErrors} from './validation-errors.ts'

const ERRORS_SHOWN = 20
const OURS = /^\/(v1|api|problems)(\/|$)/
const NO_QUERY = {type: 'object', properties: {}, additionalProperties: false}

function fieldOf(error: ErrorObject, part: string): string {
  const params = error.params as {additionalProperty?: string; missingProperty?: string}
  const own = params.additionalProperty ?? params.missingProperty
  const pointer = own === undefined ? error.instancePath : `${error.instancePath}/${own}`
  return part === 'body' ? pointer : pointer.replace(/^\//, '')
}

function valueOf(error: ErrorObject): unknown {
  const {additionalProperty, missingProperty} = error.params as Record<string, string | undefined>
  if (missingProperty !== undefined) return undefined
  if (additionalProperty !== undefined) {
    return (error.data as Record<string, unknown>)[additionalProperty]
  }
  return error.data
}

function toDetail(error: ErrorObject, part: string): ProblemDetail {
  const value = valueOf(error)
  const base = {in: part, field: fieldOf(error, part), detail: describeError(error)}
  return value === undefined ? base : {...base, value: showValue(value)}
}

const PARTS: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
}

/** A problem that lists what the schema refuses. */
export function toValidationProblem(errors: readonly ErrorObject[], httpPart: string): Problem {
  const part = PARTS[httpPart] ?? httpPart
  const details = new Map<string, ProblemDetail>()
  for (const error of reduceErrors(errors)) {
    const detail = toDetail(error, part)
    if (!details.has(detail.field)) details.set(detail.field, detail)
  }
  const all = [...details.values()]
  const [first] = all
  const more = all.length > 1 ? ` (and ${all.length - 1} more)` : ''
  const where = first === undefined || first.field === '' ? `the ${part}` : first.field
  return new Problem('invalid-request', `${where} ${first?.detail ?? 'is refused'}${more}`, {
    errors: all.slice(0, ERRORS_SHOWN),
  })
}

function parseJson(bytes: Buffer): unknown {
  const refuse = (detail: string): Problem =>
    new Problem('invalid-request', detail, {errors: [{in: 'body', field: '', detail}]})
  let text: string
  try {
    text = new TextDecoder('utf-8', {fatal: true}).decode(bytes)
  } catch {
    throw refuse('the body is not UTF-8')
  }
  if (depthOf(text) > DEPTH_MAX) throw refuse(`the body is nested deeper than ${DEPTH_MAX} levels`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refuse(`the body is not JSON: ${showValue((error as Error).message) as string}`)
  }
  const bad = findBadJson(value)
  if (bad === undefined) return value
  throw new Problem('invalid-request', `${bad.pointer} ${bad.detail}`, {
    errors: [{in: 'body', field: bad.pointer, detail: bad.detail, value: showValue(bad.value)}],
  })
}

const COMMON = {allErrors: true, verbose: true, strict: false, useDefaults: true} as const

function createAjv(options: Readonly<Record<string, unknown>>): Ajv2020 {
  const ajv = new Ajv2020({...COMMON, ...options})
  // Named by its default export, which nodenext sees as a module with a `default`.
  addFormats.default(ajv)
  return ajv
}

/**
 * A check of values of one schema, compiled when it is first asked: a start needs none of them.
 *
 * @returns what is wrong, as a problem
 */
function createCheck(ajv: Ajv2020, schema: object, part: string) {
  let check: ValidateFunction | undefined
  return (value: unknown): Problem | undefined => {
    check ??= ajv.compile(schema)
    return check(value) ? undefined : toValidationProblem(check.errors ?? [], part)
  }
}

/** A check of what does not come as the body of a request, by the schema of one. */
export const createBodyCheck = (schema: object) => createCheck(createAjv({}), schema, 'body')

/** Sets how bodies are read and schemas are checked. */
export function addValidation(app: FastifyInstance): void {
  const bodies = createAjv({})
  const addresses = createAjv({coerceTypes: 'array'})
  app.setValidatorCompiler(({schema, httpPart = 'body'}) => {
    const check = createCheck(httpPart === 'body' ? bodies : addresses, schema, httpPart)
    return (value: unknown) => {
      const error = check(value)
      return error === undefined ? {value} : {error}
    }
  })
  app.addHook('onRoute', route => {
    // A parameter that a route does not know is a mistake of the caller, also where it knows none.
    if (route.schema !== undefined && OURS.test(route.url)) route.schema.querystring ??= NO_QUERY
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', {parseAs: 'buffer'}, (_request, body, done) => {
    try {
      const bytes = body as Buffer
      done(null, bytes.length === 0 ? undefined : parseJson(bytes))
    } catch (error) {
      done(error as Error)
    }
  })
}
