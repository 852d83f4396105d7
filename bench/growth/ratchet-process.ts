/** Prints the megabytes by which a process grows when its ratchet learns of so many sessions. */
import { openSessionStore } from 'indelible'
import { labelsOf, USUAL } from './shape.js'

const AT_ONCE = 2_048
const KNOWN_BEFORE = 10_000
/** Times that what is known at first is appended again, until nothing but the ratchet can still grow. */
const WARM_UP = 50

const [, , url = '', count = ''] = process.argv
const sessions = Number(count)
const config = {
  kind: 'valkey',
  endpoint: url,
  ttlSeconds: 3_600,
  ratchet: { maxSessions: KNOWN_BEFORE + sessions },
}
const store = await openSessionStore(config)
const labels = Array.from({ length: USUAL.sets }, (_, set) => labelsOf(set, USUAL))

for (let again = 0; again <= WARM_UP; again += 1) await remember(0, KNOWN_BEFORE)
const before = settledMemory()
await remember(KNOWN_BEFORE, KNOWN_BEFORE + sessions)
const after = settledMemory()
await store.close()
process.stdout.write(String((after - before) / 1e6))

async function remember(from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += AT_ONCE) {
    const results = await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, to - first) }, (_, index) =>
        store.appendLabels(`session-${first + index}`, labels[(first + index) % labels.length] as string[]),
      ),
    )
    for (const result of results) if (!result.ok) throw result.error
  }
}

function settledMemory(): number {
  globalThis.gc?.()
  return process.memoryUsage.rss()
}
