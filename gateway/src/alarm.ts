import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'

const ALARMS = 'indelible:alarm'
const alarms = channel(ALARMS)

/** Facts of an alarm. Never a session id, a label, a token or an argument. */
export type AlarmDetails = Readonly<Record<string, string | number | boolean>>

/** Publishes an alarm of the gateway beside those of the store and the enforcement. */
export function publishAlarm(name: string, kind: string, details: AlarmDetails): void {
  if (alarms.hasSubscribers) alarms.publish({ name, kind, ...details })
}

/** Hands each alarm of this process to `write` as one line of JSON. @returns a function that ends it. */
export function logAlarms(write: (line: string) => void): () => void {
  const log = (alarm: unknown): void => {
    write(`${JSON.stringify({ type: 'alarm', time: new Date().toISOString(), ...(alarm as object) })}\n`)
  }
  subscribe(ALARMS, log)
  return () => unsubscribe(ALARMS, log)
}
