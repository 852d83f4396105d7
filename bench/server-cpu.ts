import { connect } from '../__test__/support/resp.js'

const MICROSECONDS_PER_SECOND = 1_000_000

/** CPU time that servers on loopback have used since they started, in microseconds. */
export async function serverCpuMicros(ports: readonly number[]): Promise<number> {
  let micros = 0
  for (const port of ports) {
    await using server = await connect(port)
    const info = String(await server.send('INFO', 'cpu'))
    const seconds = (field: string): number => Number(new RegExp(`^${field}:(.+)$`, 'm').exec(info)?.[1])
    micros += (seconds('used_cpu_user') + seconds('used_cpu_sys')) * MICROSECONDS_PER_SECOND
  }
  return micros
}

/** Empties servers on loopback. */
export async function emptyServers(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    await using server = await connect(port)
    await server.send('FLUSHALL')
  }
}
