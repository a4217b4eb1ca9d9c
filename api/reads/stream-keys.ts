/** Keys of rows as callers write them, and as answers show them. Null is told apart from texts by one of its own. */
import {NULL_KEY, toKeyText} from '../../readmodel/fields.ts'
import {valueOfSplitText} from '../../readmodel/places.ts'
import type {RollupPlan} from '../../readmodel/plan.ts'
import {textsOfKey} from '../../readmodel/rollup-table.ts'

/** @param text of a caller: `(none)` for null, `((none)` for that text */
export const toKeyPart = (text: string): string => toKeyText(valueOfSplitText(text))
export const ofKeyPart = (text: string): string | null => (text === NULL_KEY ? null : text)
export const partsOfKey = (rollup: RollupPlan, key: string): (string | null)[] =>
  textsOfKey(rollup, key).map(ofKeyPart)
