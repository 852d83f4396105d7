import { subscribe, unsubscribe } from 'node:diagnostics_channel'

import { CHANNELS } from '../events.js'
import type { AlarmEvent, OperationEvent, StateEvent } from '../events.js'

/** What is done with each event. It runs on the thread that publishes, and must not throw. */
export interface Observer {
  readonly operation: (event: OperationEvent) => void
  readonly alarm: (event: AlarmEvent) => void
  readonly state: (event: StateEvent) => void
}

/** Hands every event of this thread to `observer` until `end` is called. */
export function observe(observer: Observer): { readonly end: () => void } {
  const listeners = [
    [CHANNELS.operation, (event: unknown) => observer.operation(event as OperationEvent)],
    [CHANNELS.alarm, (event: unknown) => observer.alarm(event as AlarmEvent)],
    [CHANNELS.state, (event: unknown) => observer.state(event as StateEvent)],
  ] as const
  for (const [channel, listener] of listeners) subscribe(channel, listener)
  return {
    end: () => {
      for (const [channel, listener] of listeners) unsubscribe(channel, listener)
    },
  }
}
