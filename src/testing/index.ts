/** For tests of stores and of what uses them. Needs no test runner of its own. */
export { ScriptedSessionStore } from './scripted-session-store.js'
export { sessionStoreContract } from './session-store-contract.js'

export type { Script, ScriptedCall, ScriptedFailure } from './scripted-session-store.js'
export type { SessionStoreContract } from './session-store-contract.js'
