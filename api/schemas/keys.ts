/** API keys and sessions. */
import {Type, type Static} from 'typebox'
import {ROLES} from '../../contracts/stream.ts'
import {SCOPES} from '../access.ts'
import {closed, expected, named, nullable, oneOf, optional, textOf, Time} from './common.ts'
import {WrittenTime} from './content.ts'

const Scope = oneOf(SCOPES, {title: 'Scope'})

const KeyFields = {
  prefix: Type.String({description: 'the readable part of the key'}),
  name: Type.String(),
  scopes: Type.Array(Scope),
  created_at: Time,
  expires_at: nullable(Time),
  revoked_at: nullable(Time),
  last_used_at: nullable(Time),
}
export const KeySchema = named('Key', KeyFields)
export type KeyRow = Static<typeof KeySchema>
export const KeyList = named('KeyList', {items: Type.Array(KeySchema)})
export const CreatedKey = named('CreatedKey', {
  ...KeyFields,
  key: Type.String({description: 'shown now and never again'}),
})
export const NewKeyBody = named(
  'NewKey',
  {
    name: textOf(100),
    scopes: Type.Array(Scope, {minItems: 1, maxItems: 3, uniqueItems: true}),
    ...optional({
      expires_at: Type.Unsafe<string | null>({
        ...nullable(WrittenTime),
        examples: ['2099-12-31T00:00:00Z'],
      }),
    }),
  },
  {examples: [{name: 'reports', scopes: ['read'], expires_at: '2099-12-31T00:00:00Z'}]},
)
export const KeyParams = closed({
  prefix: Type.String({
    pattern: '^[a-z2-7]{8}$',
    ...expected('the prefix of a key: eight small letters or digits from 2 to 7'),
    description: 'the readable part of the key, as the list has it',
    examples: ['abcdefgh'],
  }),
})

export const Session = named('Session', {
  id: Type.String(),
  scopes: Type.Array(Scope),
  by: oneOf(['key', 'cookie', 'open']),
  roles: Type.Array(oneOf(ROLES), {
    description: 'roles that declared streams have here: their addresses are there',
  }),
})
