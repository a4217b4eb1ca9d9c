/** What the pages believe about answers is what the API's schemas say. Checked by the type check. */
import type {Static} from 'typebox'
import {expectTypeOf, test} from 'vitest'
import type * as admin from '../api/schemas/admin.ts'
import type * as content from '../api/schemas/content.ts'
import type * as events from '../api/schemas/events.ts'
import type * as metrics from '../api/schemas/metrics.ts'
import type * as users from '../api/schemas/users.ts'
import type {OverviewView} from '../api/pipeline/overview.ts'
import type * as believed from '../dashboard/net/types.ts'
import type * as inside from '../dashboard/net/admin-types.ts'

test('answers of contents, events and users are what the pages take them for', () => {
  expectTypeOf<content.Content>().toExtend<believed.Content>()
  expectTypeOf<Static<typeof metrics.ContentMetrics>>().toExtend<believed.ContentMetrics>()
  expectTypeOf<Static<typeof metrics.Series>>().toExtend<believed.Series>()
  expectTypeOf<Static<typeof metrics.Breakdown>>().toExtend<believed.Breakdown>()
  expectTypeOf<Static<typeof metrics.Retention>>().toExtend<believed.Retention>()
  expectTypeOf<Static<typeof events.EventList>>().toExtend<believed.Listing<believed.EventView>>()
  expectTypeOf<Static<typeof users.UserStats>>().toExtend<believed.UserStats>()
  expectTypeOf<Static<typeof users.UserDays>>().toExtend<believed.Listing<believed.UserDay>>()
  expectTypeOf<Static<typeof users.ActivityList>>().toExtend<believed.Listing<believed.Activity>>()
  expectTypeOf<Omit<OverviewView, 'top'>>().toExtend<Omit<believed.Overview, 'top'>>()
})

test('answers about the pipeline are what the pages take them for', () => {
  expectTypeOf<admin.PipelineView>().toExtend<inside.Pipeline>()
  expectTypeOf<Static<typeof admin.TopicList>>().toExtend<believed.Listing<inside.TopicSummary>>()
  expectTypeOf<Static<typeof admin.TopicView>>().toExtend<inside.Topic>()
  expectTypeOf<Static<typeof admin.MessageList>>().toExtend<inside.MessageList>()
  expectTypeOf<Static<typeof admin.GroupList>>().toExtend<believed.Listing<inside.Group>>()
  expectTypeOf<Static<typeof admin.SchemaList>>().toExtend<believed.Listing<inside.Subject>>()
  expectTypeOf<Static<typeof admin.SubjectView>>().toExtend<inside.SubjectVersions>()
  expectTypeOf<Static<typeof admin.DeadLetterList>>().toExtend<
    believed.Listing<inside.DeadLetter>
  >()
  expectTypeOf<Static<typeof admin.Trace>>().toExtend<inside.Trace>()
})
