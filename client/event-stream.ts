/** Server-sent events out of text that comes in pieces, read as the HTML standard says. */

export interface RawMessage {
  readonly event: string
  readonly data: string
  /** Its own id, or that of the last message that had one. */
  readonly id: string
}

export interface EventParser {
  /**
   * Takes the next piece of decoded text, wherever it was cut.
   *
   * @returns the messages that are complete by it
   * @throws RangeError for a message larger than anything the API sends
   */
  push(text: string): readonly RawMessage[]
  /** Id of the last complete message that had one. */
  readonly lastEventId: string
  /** How long the server asks to wait before coming again, in milliseconds. */
  readonly retryMs: number | undefined
}

const MESSAGE_CHARS_MAX = 16_000_000
const LINE_END = /\r\n|\r|\n/

/** A line as the name of a field and its value; a comment has an empty name. */
function parseLine(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':')
  if (colon < 0) return [line, '']
  const value = line.slice(colon + 1)
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value]
}

/** @param heard id of the last message of an earlier connection */
export function createEventParser(heard = ''): EventParser {
  let lastEventId = heard
  let retryMs: number | undefined
  let rest = ''
  let isAfterReturn = false
  let event = ''
  let id = heard
  let data: string[] = []
  let chars = 0

  const finish = (): RawMessage | undefined => {
    // Only now: an id whose message was cut off by the end of a connection was not heard.
    lastEventId = id
    const message =
      data.length === 0 ? undefined : {event: event || 'message', data: data.join('\n'), id}
    event = ''
    data = []
    chars = 0
    return message
  }

  const take = (line: string): void => {
    const [name, value] = parseLine(line)
    if (name === 'event') event = value
    else if (name === 'data') {
      data.push(value)
      chars += value.length
    } else if (name === 'id' && !value.includes('\0')) id = value
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) retryMs = Number(value)
  }

  /** What was cut between the two characters of a line end is one end, not two. */
  const withoutHalfEnd = (text: string): string => {
    const isHalf = isAfterReturn && text.startsWith('\n')
    if (text !== '') isAfterReturn = text.endsWith('\r')
    return isHalf ? text.slice(1) : text
  }

  return {
    get lastEventId() {
      return lastEventId
    },
    get retryMs() {
      return retryMs
    },
    push(text) {
      const lines = withoutHalfEnd(text).split(LINE_END)
      lines[0] = rest + lines[0]!
      rest = lines.pop()!
      const messages: RawMessage[] = []
      for (const line of lines) {
        if (line !== '') take(line)
        else {
          const message = finish()
          if (message !== undefined) messages.push(message)
        }
      }
      if (chars + rest.length > MESSAGE_CHARS_MAX) {
        throw new RangeError(`a message of more than ${MESSAGE_CHARS_MAX} characters`)
      }
      return messages
    },
  }
}
