import { setTimeout as delay } from 'node:timers/promises'

import type { TestServer } from '../../scripts/test-server.mjs'
import { type RespValue, connect } from '../../__test__/support/resp.js'
import { until } from '../../__test__/support/topologies/until.js'
import type { Fault, Heal, Scene } from './fault.js'

/** Those of `servers` that clients should be talking to at the moment. */
export type Primaries = () => Promise<readonly TestServer[]>

/** After how long a server that does not answer is taken to be another fault's, in milliseconds. */
const SILENCE_MS = 1_000
/** Pause between two rounds of killed connections, in milliseconds. */
const KILL_EVERY_MS = 50

/** Faults of a server process that lose nothing: kill -9 (the page cache survives it) and suspension. */
export function processFaults(name: string, victims: Primaries): readonly Fault[] {
  const fault = (
    what: string,
    lasts: Fault['lasts'],
    strike: (server: TestServer) => Promise<Heal>,
  ): Fault => ({
    name: `${name} ${what}`,
    kind: 'data',
    lasts,
    strike: async ({ random }) => strike(random.pick(await victims())),
  })
  return [
    fault('killed', [100, 3_000], async (server) => {
      await server.stop('SIGKILL')
      return () => server.restart()
    }),
    fault('frozen', [100, 3_000], async (server) => {
      server.freeze()
      return async () => server.thaw()
    }),
  ]
}

/** Faults of access to servers that keep what they have. */
export function accessFaults(primaries: Primaries): readonly Fault[] {
  return [
    {
      name: 'connections killed',
      kind: 'access',
      lasts: [200, 2_000],
      async strike(scene) {
        let going = true
        const killing = killConnections(primaries, scene, () => going)
        return async () => {
          going = false
          await killing
        }
      },
    },
    {
      name: 'writes paused',
      kind: 'access',
      lasts: [200, 2_000],
      async strike({ random }) {
        const server = random.pick(await primaries())
        await tell(server, 'CLIENT', 'PAUSE', '10000', 'WRITE')
        return () => insist(server, 'CLIENT', 'UNPAUSE')
      },
    },
    {
      name: 'memory full',
      kind: 'access',
      lasts: [200, 2_000],
      async strike({ random }) {
        const server = random.pick(await primaries())
        await tell(server, 'CONFIG', 'SET', 'maxmemory', '1')
        return () => insist(server, 'CONFIG', 'SET', 'maxmemory', '0')
      },
    },
  ]
}

async function killConnections(primaries: Primaries, { random }: Scene, going: () => boolean): Promise<void> {
  while (going()) {
    await tell(random.pick(await primaries()), 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await delay(KILL_EVERY_MS)
  }
}

/** Runs a command past the network, unless another fault has the server. */
async function tell(server: TestServer, ...command: readonly string[]): Promise<void> {
  await Promise.race([run(server, command), delay(SILENCE_MS)]).catch(() => undefined)
}

/** Runs a command past the network, as soon as no other fault has the server. */
async function insist(server: TestServer, ...command: readonly string[]): Promise<void> {
  await until(`${command.join(' ')} to be obeyed`, async () => {
    return (await Promise.race([run(server, command), delay(SILENCE_MS)])) === 'OK'
  })
}

async function run(server: TestServer, command: readonly string[]): Promise<RespValue> {
  await using admin = await connect(server.port)
  return await admin.send(...command)
}
