/** What no route ever sees, because it is not HTTP or too long for it: refused as a problem all the same. */
import {randomUUID} from 'node:crypto'
import {maxHeaderSize, STATUS_CODES} from 'node:http'
import type {Socket} from 'node:net'
import {PROBLEMS, typeOfProblem, type ProblemKind} from '../problem-types.ts'

/** Of Node's codes: https://nodejs.org/api/http.html#event-clienterror */
const REFUSALS: Readonly<Record<string, readonly [ProblemKind, string]>> = {
  HPE_HEADER_OVERFLOW: [
    'headers-too-large',
    `the address and the headers are more than ${maxHeaderSize} bytes`,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'the request did not come in time'],
}
const NOT_HTTP = ['invalid-request', 'this is not a request of HTTP/1.1'] as const

/** What Node tells of a request that it gives up. */
export interface ClientError extends Error {
  readonly code?: string
  /** What had come of it. */
  readonly rawPacket?: unknown
}

/** As far as it can be seen, without what was asked there. */
function pathOf(packet: unknown): string {
  const start = Buffer.isBuffer(packet) ? packet.toString('latin1', 0, 1000) : ''
  return /^[A-Z]+ (\/[^?\s]*)/.exec(start)?.[1] ?? '/'
}

/** The whole answer on the wire; the connection ends with it. */
export function clientErrorAnswer({
  code,
  rawPacket,
}: Pick<ClientError, 'code' | 'rawPacket'>): string {
  const [kind, detail] = REFUSALS[code ?? ''] ?? NOT_HTTP
  const {status, title} = PROBLEMS[kind]
  const body = JSON.stringify({
    type: typeOfProblem(kind),
    title,
    status,
    detail,
    instance: pathOf(rawPacket),
    request_id: randomUUID(),
    errors: [],
  })
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'connection: close',
    '',
    body,
  ].join('\r\n')
}

export function answerClientError(error: ClientError, socket: Socket): void {
  // Who hung up hears nothing.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy(error)
    return
  }
  socket.end(clientErrorAnswer(error))
}
