/** Sends a message to a webhook as Standard Webhooks says: https://www.standardwebhooks.com. */
import {Webhook} from 'standardwebhooks'
import {dispositionOf, messageOf} from '../../platform/errors.ts'
import type {GuardedFetch} from '../../platform/guarded-fetch.ts'
import type {Send} from './courier.ts'
import {outcomeOf} from './outcome.ts'

export const createWebhookSend =
  (call: GuardedFetch, now: () => number): Send =>
  async ({address, secret}, {messageId, payload}) => {
    const sentAt = new Date(now())
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'outbox-to-metrics-alerts',
      'webhook-id': messageId,
      'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
      'webhook-signature': new Webhook(secret!).sign(messageId, sentAt, payload),
    }
    try {
      const answer = await call(address, {method: 'POST', headers, body: payload})
      return outcomeOf(answer.status, answer.header('retry-after'), now())
    } catch (error) {
      const reason = messageOf(error)
      return {kind: dispositionOf(error) === 'dead-letter' ? 'refused' : 'away', reason}
    }
  }
