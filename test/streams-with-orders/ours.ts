export {activity} from '../../streams/activity.ts'
export {content} from '../../streams/content.ts'
export {engagement} from '../../streams/engagement.ts'
