// Waiting for servers that agree among themselves when they are ready to.

import { setTimeout as delay } from 'node:timers/promises'

/** How long servers may take to agree, unless told otherwise, in milliseconds: a bound for what hangs. */
const LIMIT_MS = 30_000

/**
 * Asks every 20 ms until the answer is neither false nor undefined, and returns it. A rejection counts as no answer yet.
 *
 * @throws after `limitMs` milliseconds, with what was waited for and the last rejection as its cause.
 */
export async function until<Answer>(
  what: string,
  ask: () => Promise<Answer | false | undefined>,
  limitMs: number = LIMIT_MS,
): Promise<Answer> {
  const limit = performance.now() + limitMs
  for (;;) {
    let cause: unknown
    try {
      const answer = await ask()
      if (answer !== false && answer !== undefined) return answer
    } catch (error) {
      cause = error
    }
    if (performance.now() > limit) throw new Error(`waited ${limitMs} ms for ${what}`, { cause })
    await delay(20)
  }
}
