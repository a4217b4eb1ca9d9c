/**
 * The schema registry. Works with Confluent's (`/`) and Apicurio's (`/apis/ccompat/v7`) base path.
 *
 * Relied on: POST /subjects/S/versions registers and answers the id; POST /subjects/S finds the id of
 * a schema; GET /schemas/ids/N; PUT /config/S; 409 for a schema that would break readers.
 */
import {SchemaRegistry, SchemaType} from '@kafkajs/confluent-schema-registry'
import {messageOf, PipelineError} from './errors.ts'
import type {RegistryConnection} from './connections.ts'

/** Larger schemas are refused: they come from outside and are compiled. */
const SCHEMA_CHARS_MAX = 200_000
const TIMEOUT_MS = 5_000

export interface Registry {
  /** Registers the schema if it is new and answers its id. @throws `SCHEMA_INCOMPATIBLE` */
  register(subject: string, schema: object): Promise<number>
  /** The id under which `schema` stands in `subject`. @throws `SCHEMA_UNKNOWN` when it was never registered */
  idOf(subject: string, schema: object): Promise<number>
  /** The parsed schema. @throws `SCHEMA_UNKNOWN` */
  schemaById(id: number): Promise<object>
  subjects(): Promise<readonly string[]>
  versions(subject: string): Promise<readonly number[]>
  version(subject: string, version: number): Promise<{readonly id: number; readonly schema: object}>
}

/** So long an id that the registry does not know is not asked for again, milliseconds. */
const UNKNOWN_MS = 10_000
const UNKNOWN_MAX = 1_000

/** A partition full of records with one wrong id must not ask for it once a record. */
function createUnknownIds() {
  const untilMs = new Map<number, number>()
  return {
    add(id: number): void {
      if (untilMs.size >= UNKNOWN_MAX) untilMs.clear()
      untilMs.set(id, performance.now() + UNKNOWN_MS)
    },
    throwIfKnown(id: number): void {
      if ((untilMs.get(id) ?? 0) < performance.now()) return
      throw new PipelineError('SCHEMA_UNKNOWN', `schema id ${id}: not found a moment ago`, {
        disposition: 'dead-letter',
      })
    },
  }
}

const unavailable = (error: unknown): PipelineError =>
  new PipelineError('UPSTREAM_UNAVAILABLE', `schema registry: ${messageOf(error)}`, {
    disposition: 'retry',
    cause: error,
  })

export function createRegistry(connection: RegistryConnection): Registry {
  const unknown = createUnknownIds()
  const base = connection.url.replace(/\/+$/, '')
  const auth =
    connection.username === undefined
      ? undefined
      : {username: connection.username, password: connection.password ?? ''}
  const library = new SchemaRegistry({host: base, ...(auth === undefined ? {} : {auth})}, {})
  const headers: Record<string, string> = {'content-type': 'application/vnd.schemaregistry.v1+json'}
  if (auth !== undefined) {
    headers['authorization'] =
      `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`
  }

  async function call(method: string, path: string, body?: unknown): Promise<CallResult> {
    let response: Response
    try {
      response = await fetch(`${base}${path}`, {
        method,
        headers,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined ? {} : {body: JSON.stringify(body)}),
      })
      const text = await response.text()
      if (text.length > SCHEMA_CHARS_MAX * 2) throw new Error('the answer is too large')
      return {status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown)}
    } catch (error) {
      throw unavailable(error)
    }
  }

  async function expectOk(result: CallResult, what: string): Promise<unknown> {
    if (result.status >= 200 && result.status < 300) return result.body
    const message = (result.body as {message?: string} | null)?.message
    const text = `${what}: ${message ?? `HTTP ${result.status}`}`
    if (result.status === 404) {
      throw new PipelineError('SCHEMA_UNKNOWN', text, {disposition: 'dead-letter'})
    }
    if (result.status === 409 || result.status === 422) {
      throw new PipelineError('SCHEMA_INCOMPATIBLE', text, {disposition: 'stop'})
    }
    if (result.status === 401 || result.status === 403) {
      throw new PipelineError('UPSTREAM_REFUSED', text, {disposition: 'stop'})
    }
    throw unavailable(new Error(text))
  }

  return {
    async register(subject, schema) {
      const text = JSON.stringify(schema)
      const level = await call('PUT', `/config/${encodeURIComponent(subject)}`, {
        compatibility: 'BACKWARD',
      })
      await expectOk(level, `compatibility of ${subject}`)
      const check = await call(
        'POST',
        `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest`,
        {schema: text},
      )
      // 404: the first version has nothing to break.
      if (
        check.status === 200 &&
        (check.body as {is_compatible?: boolean}).is_compatible === false
      ) {
        throw new PipelineError(
          'SCHEMA_INCOMPATIBLE',
          `schema of ${subject} would break its readers (BACKWARD): add fields with defaults only`,
          {disposition: 'stop'},
        )
      }
      try {
        const {id} = await library.register(
          {type: SchemaType.AVRO, schema: text},
          {subject, updateConfig: false},
        )
        return id
      } catch (error) {
        const status = (error as {status?: unknown}).status
        // 409: it would break readers. 422: it is no schema.
        if (status === 409 || status === 422) {
          throw new PipelineError('SCHEMA_INCOMPATIBLE', `${subject}: ${messageOf(error)}`, {
            disposition: 'stop',
            cause: error,
          })
        }
        throw unavailable(error)
      }
    },
    async idOf(subject, schema) {
      const result = await call('POST', `/subjects/${encodeURIComponent(subject)}`, {
        schema: JSON.stringify(schema),
      })
      const body = await expectOk(result, `schema of ${subject} (run npm run init first)`)
      return (body as {id: number}).id
    },
    async schemaById(id) {
      unknown.throwIfKnown(id)
      const result = await call('GET', `/schemas/ids/${id}`)
      if (result.status === 404) unknown.add(id)
      const body = await expectOk(result, `schema id ${id}`)
      const {schema} = body as {schema: string}
      if (schema.length > SCHEMA_CHARS_MAX) {
        throw new PipelineError('SCHEMA_UNKNOWN', `schema id ${id} is larger than we compile`, {
          disposition: 'dead-letter',
        })
      }
      return JSON.parse(schema) as object
    },
    async subjects() {
      return (await expectOk(await call('GET', '/subjects'), 'subjects')) as string[]
    },
    async versions(subject) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions`
      return (await expectOk(await call('GET', path), subject)) as number[]
    },
    async version(subject, version) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`
      const body = await expectOk(await call('GET', path), `${subject} version ${version}`)
      const {id, schema} = body as {id: number; schema: string}
      return {id, schema: JSON.parse(schema) as object}
    },
  }
}

interface CallResult {
  readonly status: number
  readonly body: unknown
}
