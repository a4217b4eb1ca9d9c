export {alerts} from '../../streams/alerts.ts'
export {activity} from '../../streams/sample/activity.ts'
