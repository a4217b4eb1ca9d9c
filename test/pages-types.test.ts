/** Streams carry what the answers of the same name carry. Checked by the type check. */
import type {Static} from 'typebox'
import {expectTypeOf, test} from 'vitest'
import type {OverviewView} from '../api/schemas/overview.ts'
import type * as metrics from '../api/schemas/metrics.ts'
import type * as believed from '../dashboard/net/types.ts'

test('messages of the streams are what the pages take them for', () => {
  expectTypeOf<Static<typeof metrics.ContentMetrics>>().toExtend<believed.ContentMetrics>()
  expectTypeOf<Omit<OverviewView, 'top'>>().toExtend<Omit<believed.Overview, 'top'>>()
})
