import {expect, test} from 'vitest'
import {mailOf} from './mail.ts'

const payloadOf = (type: string, data: object): string =>
  JSON.stringify({
    type,
    data: {
      rule: 'hot',
      severity: 'critical',
      summary: 'temperature of readings is 90 in 5 min: above 80',
      opened_at: '2026-01-31T12:00:00.000000Z',
      resolved_at: null,
      ...data,
    },
  })

test('a mail says in its subject how bad it is, or that it is over', () => {
  expect(mailOf({payload: payloadOf('alert.opened', {})})).toEqual({
    subject: '[critical] hot',
    text: 'temperature of readings is 90 in 5 min: above 80\n\nrule      hot\nseverity  critical\nopened    2026-01-31T12:00:00.000000Z\n',
  })
  const over = mailOf({
    payload: payloadOf('alert.resolved', {resolved_at: '2026-01-31T12:10:00.000000Z'}),
  })
  expect(over.subject).toBe('[resolved] hot')
  expect(over.text).toContain('resolved  2026-01-31T12:10:00.000000Z')
})

test('a name cannot add a header', () => {
  const {subject} = mailOf({payload: payloadOf('alert.opened', {rule: 'hot\r\nBcc: x@y'})})
  expect(subject).toBe('[critical] hot Bcc: x@y')
})

test('changes that are worth a look are a mail of their sentences', () => {
  const data = {
    from: '2026-01-30T07:00:00Z',
    to: '2026-01-31T07:00:00Z',
    link: 'http://127.0.0.1:3000/?view=insight',
    items: [{text: 'lines of orders: 900, 50 % more than the 600 to be expected'}],
  }
  expect(mailOf({payload: JSON.stringify({type: 'insight.changes', data})})).toEqual({
    subject: '[insight] a change worth a look',
    text: `* ${data.items[0]!.text}\n\n${data.from} to ${data.to}\n${data.link}\n`,
  })
})
