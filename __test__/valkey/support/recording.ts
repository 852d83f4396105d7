// What a diagnostics channel carried while a test ran.

import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'

/** An event as it was published. */
export type RecordedEvent = Readonly<Record<string, unknown>>

/** A recording of one channel, until it is disposed of. */
export class Recording implements Disposable {
  readonly #channel: string
  readonly #listener: ChannelListener
  readonly events: RecordedEvent[] = []

  constructor(channel: 'indelible:operation' | 'indelible:alarm' | 'indelible:state') {
    this.#channel = channel
    this.#listener = (event) => this.events.push(event as RecordedEvent)
    subscribe(this.#channel, this.#listener)
  }

  /** The events of one name. */
  named(name: string): RecordedEvent[] {
    return this.events.filter((event) => event['name'] === name)
  }

  [Symbol.dispose](): void {
    unsubscribe(this.#channel, this.#listener)
  }
}
