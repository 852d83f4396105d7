import type { LabelContestant } from './contestant.js'
import type { LatencyHistogram } from './latency-histogram.js'
import type { Workload } from './workload.js'

/** Sessions that are in use at the same time. */
const SESSIONS = 1_000

/** What `seed()` does before the mix begins: it appends to every session, then loads it. */
export const SEEDING_OPERATIONS = 2 * SESSIONS

/** Every session starts with three labels and is later given the other two, again and again. */
const FIRST_LABELS = 3
const ALL_LABELS = 5

/** One operation in four is an append. */
const OPERATIONS_PER_APPEND = 4

/** Coprime to `SESSIONS`, so that a caller visits every session before it comes back to one. */
const STRIDE = 7

/** What a gateway might tell apart; each session draws its five from these. */
const VOCABULARY = [
  'customer-data',
  'source-code',
  'credentials',
  'financials',
  'health',
  'legal-hold',
  'untrusted-web',
  'untrusted-mail',
  'partner:acme',
  'region:eu',
  'unreleased',
  'third-party',
] as const

interface HotSession {
  readonly id: string
  readonly firstLabels: readonly string[]
  /** The appends that follow, one label each. */
  readonly laterLabels: readonly (readonly string[])[]
}

/** The mix of the label suite: 75 % loads and 25 % appends over a thousand hot sessions with 3 to 5 labels. */
export class LabelWorkload implements Workload {
  readonly #contestant: LabelContestant
  readonly #sessions: readonly HotSession[]
  #operations = 0
  #stopped = false

  constructor(contestant: LabelContestant) {
    this.#contestant = contestant
    this.#sessions = Array.from({ length: SESSIONS }, (_, index) => hotSession(index))
  }

  /** Operations finished since the start. */
  get operations(): number {
    return this.#operations
  }

  /** Stores the first labels, then reads them back: a contestant that does no work cannot take part. */
  async seed(): Promise<void> {
    await Promise.all(this.#sessions.map(({ id, firstLabels }) => this.#contestant.append(id, firstLabels)))
    await Promise.all(this.#sessions.map((session) => this.#requireFirstLabels(session)))
  }

  /** Runs callers that each wait for one operation before they begin the next, until `stop()`. */
  async run(callers: number, latencies: LatencyHistogram): Promise<void> {
    await Promise.all(Array.from({ length: callers }, (_, caller) => this.#call(caller, latencies)))
  }

  stop(): void {
    this.#stopped = true
  }

  close(): Promise<void> {
    return this.#contestant.close()
  }

  async #call(caller: number, latencies: LatencyHistogram): Promise<void> {
    let began = performance.now()
    // Every caller begins in a lap of its own, so that together they append to every session from the start.
    for (let turn = caller * (SESSIONS + STRIDE); !this.#stopped; turn += 1) {
      const lap = Math.floor(turn / SESSIONS)
      const session = turnOf(this.#sessions, turn * STRIDE)
      if ((turn + lap) % OPERATIONS_PER_APPEND === 0) {
        const later = turnOf(session.laterLabels, Math.floor(lap / OPERATIONS_PER_APPEND))
        await this.#contestant.append(session.id, later)
      } else {
        await this.#contestant.load(session.id)
      }
      const ended = performance.now()
      latencies.record(ended - began)
      began = ended
      this.#operations += 1
    }
  }

  async #requireFirstLabels({ id, firstLabels }: HotSession): Promise<void> {
    const loaded = new Set(await this.#contestant.load(id))
    if (loaded.size !== firstLabels.length || !firstLabels.every((label) => loaded.has(label))) {
      throw new Error(`session ${id} holds ${loaded.size} labels; ${firstLabels.length} were appended`)
    }
  }
}

function hotSession(index: number): HotSession {
  const labels = drawLabels(index)
  return {
    id: `session-${index}`,
    firstLabels: labels.slice(0, FIRST_LABELS),
    laterLabels: labels.slice(FIRST_LABELS).map((label) => [label]),
  }
}

/** Five different labels, the same for the same index in every process. */
function drawLabels(index: number): string[] {
  const rest: string[] = [...VOCABULARY]
  let random = index + 1
  return Array.from({ length: ALL_LABELS }, () => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
    const label = turnOf(rest, random >>> 8)
    rest.splice(rest.indexOf(label), 1)
    return label
  })
}

/** Goes round and round a list. */
function turnOf<T>(items: readonly T[], turn: number): T {
  const item = items[turn % items.length]
  if (item === undefined) throw new RangeError('an empty list has no turns')
  return item
}
