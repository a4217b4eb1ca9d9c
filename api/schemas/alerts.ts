/** Alerts: incidents, the rules that open them, and where they are sent. */
import {Type, type Static} from 'typebox'
import {ALERT_KINDS, DIRECTIONS, SEVERITIES} from '../../contracts/alerts.ts'
import {
  closed,
  Count,
  expected,
  named,
  nullable,
  oneOf,
  optional,
  Page,
  PageQuery,
  StreamName,
  textOf,
  Time,
  Uuid,
} from './common.ts'
import {WrittenTime} from './content.ts'
import {Filters, type Filter} from './query.ts'

const AnyKind = oneOf([...ALERT_KINDS, 'anomaly'] as const, {title: 'AlertKind'})
const Severity = oneOf(SEVERITIES, {title: 'AlertSeverity'})
const Until = Type.Unsafe<string | null>({
  ...nullable(WrittenTime),
  examples: ['2099-12-31T00:00:00Z'],
  description: 'nothing is sent before; null: from now on again',
})

export const AlertSchema = named('Alert', {
  id: Type.String(),
  source: Type.String({description: 'id of the rule; `anomalies` of odd readings'}),
  subject: Type.String({description: 'the row that it is about; empty of the whole'}),
  rule: Type.String({description: 'the name that the rule had'}),
  kind: AnyKind,
  stream: Type.String(),
  metric: Type.String(),
  severity: Severity,
  status: oneOf(['open', 'resolved']),
  value: nullable(Type.Number({description: 'that was found when it opened'})),
  expected: nullable(Type.Number({description: 'what it was compared with'})),
  summary: Type.String(),
  details: Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    additionalProperties: true,
    description: 'of an anomaly: its first hundred readings, and how many there are',
  }),
  channels: Type.Array(Type.String()),
  opened_at: Time,
  resolved_at: nullable(Time),
  resolution: nullable(Type.String()),
  seconds: nullable(Type.Number({description: 'from its beginning to its end'})),
  acknowledged_at: nullable(Time),
  acknowledged_by: nullable(Type.String({description: 'the key'})),
  muted_until: nullable(Time),
})
export type Alert = Static<typeof AlertSchema>
export const AlertList = named('AlertList', {items: Type.Array(AlertSchema), page: Page})

export const AlertParams = closed({
  id: Type.String({
    pattern: '^[1-9]\\d{0,15}$',
    ...expected('the number of an alert, such as 1'),
    description: 'of the alert',
    examples: ['1'],
  }),
})
export const AlertQuery = closed({
  ...optional({
    status: oneOf(['open', 'resolved'], {description: 'all of them when left out'}),
    severity: oneOf(SEVERITIES, {description: 'of this severity alone'}),
    source: textOf(100, {description: 'id of a rule, or `anomalies`', examples: ['anomalies']}),
  }),
  ...PageQuery,
})
export const AlertMute = named(
  'AlertMute',
  {until: Until},
  {
    examples: [{until: '2099-12-31T00:00:00Z'}],
  },
)

export const LiveAlerts = named('LiveAlerts', {
  open: Type.Array(AlertSchema, {description: 'at most 200, the newest first'}),
  resolved: Type.Array(AlertSchema, {description: 'the last 20'}),
})

const Whole = (minimum: number, maximum: number, description: string) =>
  Type.Integer({minimum, maximum, description})
const ChannelName = textOf(100, {description: 'of a channel', examples: ['operators']})
const RuleName = textOf(200, {examples: ['devices are hot']})

/** What a rule says. */
const Said = {
  name: RuleName,
  stream: StreamName,
  metric: textOf(200, {description: 'a measure of the stream, as /v1/streams names it'}),
  dimension: nullable(textOf(200, {description: 'each of its values is watched; null: the whole'})),
  filters: Type.Unsafe<readonly Filter[]>({...Filters, description: 'as in a query'}),
  kind: oneOf(ALERT_KINDS, {
    title: 'AlertRuleKind',
    description:
      'above, below: a value; change: percent against the time before; absence: nothing; deviation: against the same time of days before',
  }),
  threshold: nullable(
    Type.Number({description: 'a value; percent; deviations; null of an absence'}),
  ),
  direction: oneOf(DIRECTIONS, {description: 'of changes and deviations'}),
  window_minutes: Whole(1, 1440, 'how much time is looked at'),
  days: Whole(
    1,
    28,
    'deviation: so many are compared with; absence: who was there in so many is missed',
  ),
  open_after_seconds: Whole(0, 86_400, 'it has to be met for so long'),
  resolve_after_seconds: Whole(0, 86_400, 'it must not be met for so long'),
  severity: Severity,
  channels: Type.Array(ChannelName, {maxItems: 20, uniqueItems: true}),
  muted_until: Until,
}
const {name, stream, metric, kind, window_minutes, ...others} = Said

export const AlertRuleSchema = named('AlertRule', {
  id: Type.String(),
  ...Said,
  filters: Type.Unsafe<readonly Filter[]>({
    type: 'array',
    items: {},
    description: 'as they were given',
  }),
  muted_until: nullable(Time),
  created_at: Time,
  changed_at: Time,
  judged_at: nullable(
    Type.String({...Time, description: 'when it was last judged, within ten seconds'}),
  ),
  not_judged: nullable(Type.String({description: 'why it is not judged now'})),
  open: Count,
})
export type AlertRuleView = Static<typeof AlertRuleSchema>
export const AlertRuleList = named('AlertRuleList', {items: Type.Array(AlertRuleSchema)})

export const NewAlertRule = named(
  'NewAlertRule',
  {name, stream, metric, kind, window_minutes, ...optional(others)},
  {
    examples: [
      {
        name: 'many activities',
        stream: 'activity',
        metric: 'activities',
        kind: 'above',
        threshold: 1000,
        window_minutes: 5,
        severity: 'critical',
      },
      {
        name: 'nobody is there',
        stream: 'activity',
        metric: 'activities',
        kind: 'absence',
        window_minutes: 10,
        open_after_seconds: 60,
      },
    ],
  },
)
export type NewAlertRule = Static<typeof NewAlertRule>
export const AlertRuleChange = named('AlertRuleChange', optional(Said), {
  examples: [{severity: 'info'}, {muted_until: '2099-12-31T00:00:00Z'}],
  minProperties: 1,
})
export type AlertRuleChange = Static<typeof AlertRuleChange>
export const AlertRuleParams = closed({
  id: Type.Unsafe<string>({...Uuid, description: 'of the rule'}),
})

const ChannelFields = {
  name: ChannelName,
  kind: oneOf(['webhook', 'mail'], {title: 'AlertChannelKind'}),
  address: textOf(2000, {description: 'a URL, or an address of mail'}),
}
export const AlertChannelSchema = named('AlertChannel', {
  ...ChannelFields,
  created_at: Time,
  failures: Type.Integer({description: 'how often in a row the receiver was away'}),
  retry_at: nullable(Type.String({...Time, description: 'it is tried again then'})),
  waiting: Count,
  dead: Count,
})
export type AlertChannelView = Static<typeof AlertChannelSchema>
export const AlertChannelList = named('AlertChannelList', {items: Type.Array(AlertChannelSchema)})
export const CreatedAlertChannel = named('CreatedAlertChannel', {
  ...ChannelFields,
  secret: nullable(
    Type.String({description: 'verifies what a webhook is sent; shown now and never again'}),
  ),
})
export const NewAlertChannel = named('NewAlertChannel', ChannelFields, {
  examples: [
    {name: 'operators', kind: 'mail', address: 'operators@example.com'},
    {name: 'pager', kind: 'webhook', address: 'https://example.com/alerts'},
  ],
})
export const AlertChannelParams = closed({name: ChannelName})

const DELIVERY_STATES = ['waiting', 'sent', 'dead', 'discarded'] as const
export const AlertDelivery = named('AlertDelivery', {
  id: Type.String(),
  channel: Type.String(),
  message_id: Type.String({description: 'the same whenever it is sent again'}),
  state: oneOf(DELIVERY_STATES, {title: 'AlertDeliveryState'}),
  attempts: Count,
  queued_at: Time,
  finished_at: nullable(Time),
  error: nullable(Type.String({description: 'what the last attempt was answered with'})),
})
export type AlertDeliveryView = Static<typeof AlertDelivery>
export const AlertDeliveryList = named('AlertDeliveryList', {
  items: Type.Array(AlertDelivery),
  page: Page,
})
export const AlertDeliveryQuery = closed({
  ...optional({
    state: oneOf(DELIVERY_STATES, {description: 'all of them when left out'}),
    channel: ChannelName,
  }),
  ...PageQuery,
})
export const AlertDeliveryParams = closed({
  id: Type.String({
    pattern: '^[1-9]\\d{0,15}$',
    ...expected('the number of a message, such as 1'),
    description: 'of the message',
    examples: ['1'],
  }),
})
