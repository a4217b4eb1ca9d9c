/** API keys and sessions. */
import {Type, type Static} from 'typebox'
import {SCOPES} from '../access.ts'
import {closed, nullable, oneOf, optional, textOf, Time} from './common.ts'
import {WrittenTime} from './content.ts'

const KeyFields = {
  prefix: Type.String({description: 'the readable part of the key'}),
  name: Type.String(),
  scopes: Type.Array(oneOf(SCOPES)),
  created_at: Time,
  expires_at: nullable(Time),
  revoked_at: nullable(Time),
  last_used_at: nullable(Time),
}
const KeySchema = closed(KeyFields)
export type KeyRow = Static<typeof KeySchema>
export const KeyList = closed({items: Type.Array(KeySchema)})
export const CreatedKey = closed({
  ...KeyFields,
  key: Type.String({description: 'shown now and never again'}),
})
export const NewKeyBody = closed({
  name: textOf(100),
  scopes: Type.Array(oneOf(SCOPES), {minItems: 1, maxItems: 3, uniqueItems: true}),
  ...optional({expires_at: nullable(WrittenTime)}),
})

export const Session = closed({
  id: Type.String(),
  scopes: Type.Array(oneOf(SCOPES)),
  by: oneOf(['key', 'cookie', 'open']),
})
