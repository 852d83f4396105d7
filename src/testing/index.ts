/** For tests of stores and of what uses them. Needs no test runner of its own. */
export { policyCacheContract } from './policy-cache-contract.js'
export { rateLimitCounterContract } from './rate-limit-counter-contract.js'
export { ScriptedSessionStore } from './scripted-session-store.js'
export { sessionRecordContract } from './session-record-contract.js'
export { sessionStoreContract } from './session-store-contract.js'

export type { Script, ScriptedCall, ScriptedFailure } from './scripted-session-store.js'
export type { SessionStoreContract } from './session-store-contract.js'
export type { StorageContract } from './storage-contract.js'
