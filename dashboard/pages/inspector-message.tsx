/** One record of a topic: decoded, with its headers and bytes. */
import type {JSX} from 'preact'
import {useMemo, useRef} from 'preact/hooks'
import {formatBytes} from '../model/format.ts'
import {decodeBase64, toHexLines} from '../model/raw-bytes.ts'
import {addressFor} from '../net/address.ts'
import type {Message} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'

/** What a record is called in the address. */
export const idOf = ({partition, offset}: Pick<Message, 'partition' | 'offset'>): string =>
  `${partition}-${offset}`

const ID = /^(\d{1,9})-(\d{1,15})$/

export interface OpenMessage {
  readonly message: Message | undefined
  /** Why it does not show, in words. */
  readonly problem: string | undefined
}

/** The record that is open: one of those that show, the same as it was among them, or asked for by itself. */
export function useOpenMessage(
  topic: string,
  open: string | undefined,
  rows: readonly Message[] | undefined,
): OpenMessage {
  const known = useRef<Message | undefined>(undefined)
  const shown = rows?.find(row => idOf(row) === open)
  if (shown !== undefined) known.current = shown
  const kept = known.current
  const isKept = kept !== undefined && idOf(kept) === open
  const [, partition, offset] = ID.exec(open ?? '') ?? []
  const found = useResource(
    // Once the others have come, it may be one of them.
    rows === undefined || isKept || offset === undefined
      ? undefined
      : addressFor('GET /v1/admin/topics/{topic}/messages', {
          path: {topic},
          query: {partition: Number(partition), offset: Number(offset), order: 'oldest', limit: 1},
        }),
  )
  if (isKept) return {message: kept, problem: undefined}
  const message = found.data?.items.find(row => idOf(row) === open)
  const isGone = open !== undefined && (offset === undefined || found.data !== undefined)
  const problem =
    message === undefined && isGone
      ? `The record ${open} is not in this topic, or no longer.`
      : found.error?.message
  return {message, problem}
}

export function MessageDetails({message}: {readonly message: Message}): JSX.Element {
  const headers = Object.entries(message.headers)
  return (
    <div class="details">
      <div>
        <h3>Decoded {message.schema_id === null ? '' : `by schema ${message.schema_id}`}</h3>
        {message.error === null ? null : <p class="notice bad">{message.error}</p>}
        <pre>{JSON.stringify(message.value, null, 2)}</pre>
        {headers.length === 0 ? null : (
          <>
            <h3>Headers</h3>
            <pre>{headers.map(([name, value]) => `${name}: ${value}`).join('\n')}</pre>
          </>
        )}
        <h3>Key</h3>
        <pre>{message.key ?? 'none'}</pre>
      </div>
      <div>
        <h3>Raw bytes, {formatBytes(message.value_bytes)}</h3>
        <Hex base64={message.raw} />
      </div>
    </div>
  )
}

const BYTES_SHOWN = 4096

function Hex({base64}: {readonly base64: string | null}): JSX.Element {
  const lines = useMemo(
    () =>
      toHexLines(
        base64 === null ? new Uint8Array() : decodeBase64(base64).subarray(0, BYTES_SHOWN),
      ),
    [base64],
  )
  if (lines.length === 0) return <p class="muted">no bytes: a tombstone</p>
  return (
    <pre class="hex" tabIndex={0}>
      {lines.map(line => (
        <span key={line.offset}>
          <span class="off">{line.offset}</span>
          {`  ${line.hex.padEnd(47)}  ${line.text}\n`}
        </span>
      ))}
    </pre>
  )
}
