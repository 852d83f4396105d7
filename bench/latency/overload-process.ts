/** Bursts of more loads than a store takes at once. Prints an `Overload` as JSON. */
import { openSessionStore } from 'indelible'
import type { Overload } from './overload.js'

/** The store's own bound (`maxInFlight`), and what each burst asks for beyond it. */
const TAKEN = 16_384
const BEYOND = 4_096

const [, , url = '', count = ''] = process.argv
const bursts = Number(count)
const store = await openSessionStore({ kind: 'valkey', endpoint: url, maxInFlight: TAKEN })
await store.appendLabels('session-0', ['pii'])

let typed = 0
let early = 0
for (let burst = 1; burst <= bursts; burst += 1) {
  typed += await overloaded()
  if (burst === bursts / 10) early = settledMemory()
}
const overload: Overload = {
  typedShare: typed / (bursts * BEYOND),
  memoryRatio: settledMemory() / early,
}
await store.close()
process.stdout.write(JSON.stringify(overload))

/** @returns How many operations of one burst were refused as overloaded. Every other one has to succeed. */
async function overloaded(): Promise<number> {
  const results = await Promise.all(
    Array.from({ length: TAKEN + BEYOND }, (_, index) => store.loadLabels(`session-${index % 1_000}`)),
  )
  let refused = 0
  for (const result of results) {
    if (result.ok) continue
    if (result.error.code !== 'ERR_STORE_OVERLOADED') throw result.error
    refused += 1
  }
  return refused
}

function settledMemory(): number {
  globalThis.gc?.()
  return process.memoryUsage.rss()
}
