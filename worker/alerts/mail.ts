/** Sends a message by mail, through the SMTP server of the settings. */
import {createTransport} from 'nodemailer'
import {messageOf} from '../../platform/errors.ts'
import type {Message, Send} from './courier.ts'

export interface MailOptions {
  /** smtp://user:password@host:port */
  readonly smtpUrl: string
  readonly from: string
  readonly timeoutMs: number
}

interface ToldChanges {
  readonly type: 'insight.changes'
  readonly data: {
    readonly from: string
    readonly to: string
    readonly link: string
    readonly items: readonly {readonly text: string}[]
  }
}

interface ToldAlert {
  readonly type: 'alert.opened' | 'alert.resolved'
  readonly data: Readonly<Record<string, unknown>> & {
    readonly rule: string
    readonly severity: string
    readonly summary: string
    readonly opened_at: string
    readonly resolved_at: string | null
  }
}

/** What stands in it. Pure. */
export function mailOf({payload}: Pick<Message, 'payload'>) {
  const told = JSON.parse(payload) as ToldAlert | ToldChanges
  return told.type === 'insight.changes' ? mailOfChanges(told) : mailOfAlert(told)
}

function mailOfChanges({data: {from, to, link, items}}: ToldChanges) {
  const subject = `[insight] ${items.length === 1 ? 'a change' : `${items.length} changes`} worth a look`
  const lines = [...items.map(({text}) => `* ${text}`), '', `${from} to ${to}`, link]
  return {subject, text: `${lines.join('\n')}\n`}
}

function mailOfAlert({type, data}: ToldAlert) {
  const event = type === 'alert.opened' ? data.severity : 'resolved'
  const lines = [
    data.summary,
    '',
    `rule      ${data.rule}`,
    `severity  ${data.severity}`,
    `opened    ${data.opened_at}`,
    ...(data.resolved_at === null ? [] : [`resolved  ${data.resolved_at}`]),
  ]
  // A line break in a name would begin another header.
  const subject = `[${event}] ${data.rule}`.replaceAll(/\p{Cc}+/gu, ' ')
  return {subject, text: `${lines.join('\n')}\n`}
}

const domainOf = (address: string): string => /@([\w.-]+)>?$/.exec(address)?.[1] ?? 'localhost'

/** Five hundreds of SMTP are for good. */
const isForGood = (error: unknown): boolean => {
  const {responseCode} = error as {readonly responseCode?: unknown}
  return typeof responseCode === 'number' && responseCode >= 500
}

/** The caller closes it. */
export function openMail({smtpUrl, from, timeoutMs}: MailOptions): {
  readonly send: Send
  readonly close: () => void
} {
  const transport = createTransport(smtpUrl, {
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  } as object)
  return {
    close: () => transport.close(),
    async send({address: to}, message) {
      // The same for a message that is sent again: mailboxes show it once.
      const messageId = `<${message.messageId}@${domainOf(from)}>`
      try {
        await transport.sendMail({from, to, messageId, ...mailOf(message)})
        return {kind: 'sent'}
      } catch (error) {
        return {kind: isForGood(error) ? 'refused' : 'away', reason: messageOf(error)}
      }
    },
  }
}
