export {activity} from '../../streams/sample/activity.ts'
export {content} from '../../streams/sample/content.ts'
export {engagement} from '../../streams/sample/engagement.ts'
