// Ports that a compose file announces and publishes, so that they have to be known before it is booted.

import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that Linux gives to outgoing connections, from 32,768 on. */
const LAST = 3_275
const FIRST = 1_100

/** A number to which any of the digits 1 to 6 can be added for a loopback port that nobody listens on at the moment. */
export async function portDecade(): Promise<string> {
  for (;;) {
    const decade = String(FIRST + Math.floor(Math.random() * (LAST - FIRST + 1)))
    const free = await Promise.all([1, 2, 3, 4, 5, 6].map((digit) => isFree(Number(`${decade}${digit}`))))
    if (!free.includes(false)) return decade
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  const failed = once(probe, 'error').then(() => false)
  probe.listen(port, '127.0.0.1')
  const listening = once(probe, 'listening').then(() => true)
  const free = await Promise.race([listening, failed])
  probe.close()
  return free
}
