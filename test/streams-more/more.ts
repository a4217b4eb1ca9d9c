export {users} from '../../streams/users.ts'
export {orders} from '../../streams/orders.ts'
export {readings} from '../../streams/readings.ts'
export {logs} from '../../streams/logs.ts'
