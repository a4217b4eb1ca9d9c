import {Webhook} from 'standardwebhooks'
import {expect, test} from 'vitest'
import {toEvent} from '../../test/sink-events.ts'
import {createHeaders, requestIdOf, toRequest} from './http-request.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const print = ({id}: {readonly id: string}): string => JSON.stringify({id})

test('a batch says what it is of, and its id is made of those of its events', () => {
  const events = [toEvent(1), toEvent(2)]
  const request = toRequest('engagement', events, {body: 'batch', print})
  expect(JSON.parse(request.body)).toEqual({
    id: request.id,
    stream: 'engagement',
    events: events.map(({id}) => ({id})),
  })
  expect(toRequest('engagement', events, {body: 'batch', print})).toEqual(request)
  const others = [[toEvent(1)], [toEvent(2), toEvent(1)], [...events, toEvent(3)]]
  for (const other of others) expect(requestIdOf(other.map(({id}) => id))).not.toBe(request.id)
})

test('an event that goes alone is its own request, with its own id', () => {
  const event = toEvent(1)
  expect(toRequest('engagement', [event], {body: 'event', print})).toEqual({
    id: event.id,
    body: print(event),
  })
  expect(toRequest('engagement', [event], {body: 'batch', print}).id).toBe(event.id)
})

test('requests are signed as Standard Webhooks want it', () => {
  const request = toRequest('engagement', [toEvent(1)], {body: 'event', print})
  const headers = createHeaders({secret: SECRET, authorization: 'Bearer x'})(request, Date.now())
  expect(new Webhook(SECRET).verify(request.body, {...headers})).toEqual(JSON.parse(request.body))
  expect(() => new Webhook(SECRET).verify(`${request.body} `, {...headers})).toThrow(
    'No matching signature found',
  )
  expect(headers).toMatchObject({
    'idempotency-key': request.id,
    'webhook-id': request.id,
    authorization: 'Bearer x',
  })
})

test('without a secret nothing is signed', () => {
  const request = toRequest('engagement', [toEvent(1)], {body: 'event', print})
  expect(Object.keys(createHeaders({})(request, 0))).toEqual([
    'content-type',
    'idempotency-key',
    'webhook-id',
    'webhook-timestamp',
  ])
})
