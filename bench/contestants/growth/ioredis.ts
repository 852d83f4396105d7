export { open } from '../ioredis.js'
