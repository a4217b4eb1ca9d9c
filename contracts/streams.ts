import {activity} from './activity.ts'
import {content} from './content.ts'
import {engagement} from './engagement.ts'
import type {Stream} from './stream.ts'

/** Every stream of the pipeline. A new one is a file in this folder and a line here. */
export const STREAMS: readonly Stream[] = [engagement, content, activity]

/** The stream published on a topic (without prefix), or undefined when there is none. */
export function streamOfTopic(topic: string): Stream | undefined {
  return STREAMS.find(stream => stream.topic === topic)
}
