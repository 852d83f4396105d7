import { ClosedLoop } from './closed-loop.js'
import type { LatencyHistogram } from './latency-histogram.js'
import type { Workload } from './workload.js'

/** Sessions that are in use at the same time. */
const SESSIONS = 1_000

/** A session is saved and then loaded: together one operation of the workload. */
export const STEPS_PER_OPERATION = 2

/** What `seed()` does before the mix begins: it saves every session, then loads it. */
export const SEEDING_STEPS = STEPS_PER_OPERATION * SESSIONS

/** What is known of a session. */
export interface BenchSession {
  /** 32 hexadecimal characters. */
  readonly id: string
  readonly agentId: string
  /** Decimal nanoseconds. */
  readonly startedAtNs: string
}

/** Keeps session records with a life of an hour: a save and a load of one round trip each. */
export interface SessionContestant {
  save(session: BenchSession): Promise<void>
  /** The session's beginning. */
  load(id: string): Promise<string>
  close(): Promise<void>
}

const hex = (prefix: string, index: number): string =>
  prefix + index.toString(16).padStart(32 - prefix.length, '0')

const sessions: readonly BenchSession[] = Array.from({ length: SESSIONS }, (_, index) => ({
  id: hex('5e55', index),
  agentId: hex('a6e7', index % 10),
  startedAtNs: String(1_790_000_000_000_000_000n + BigInt(index)),
}))

/** Callers that save a session and then load it, again and again. */
export class SessionWorkload implements Workload {
  readonly #contestant: SessionContestant
  readonly #loop: ClosedLoop

  constructor(contestant: SessionContestant) {
    this.#contestant = contestant
    this.#loop = new ClosedLoop(async (turn) => {
      const session = sessions[turn % SESSIONS] as BenchSession
      await contestant.save(session)
      await contestant.load(session.id)
    })
  }

  get operations(): number {
    return this.#loop.operations
  }

  /** Saves every session, then reads each back: a contestant that keeps nothing cannot take part. */
  async seed(): Promise<void> {
    await Promise.all(sessions.map((session) => this.#contestant.save(session)))
    const loaded = await Promise.all(sessions.map(({ id }) => this.#contestant.load(id)))
    const wrong = sessions.findIndex(({ startedAtNs }, index) => loaded[index] !== startedAtNs)
    if (wrong !== -1) throw new Error(`session ${wrong} came back as ${loaded[wrong]}`)
  }

  run(callers: number, latencies: LatencyHistogram): Promise<void> {
    return this.#loop.run(callers, latencies)
  }

  stop(): void {
    this.#loop.stop()
  }

  close(): Promise<void> {
    return this.#contestant.close()
  }
}
