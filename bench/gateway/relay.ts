import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { RelaySpec, RelayUse } from './protocol.js'

/** A relay in a process of its own. */
export class Relay implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly address: string

  private constructor(child: ChildProcess, address: string) {
    this.#child = child
    this.address = address
  }

  static async start(spec: RelaySpec): Promise<Relay> {
    const child = forked('relay-process.ts', [JSON.stringify(spec)])
    const { address } = (await answer(child)) as { address: string }
    return new Relay(child, address)
  }

  /** What it has used of the processor so far. */
  async use(): Promise<RelayUse> {
    this.#child.send('use')
    return (await answer(this.#child)) as RelayUse
  }

  [Symbol.asyncDispose](): Promise<void> {
    return ended(this.#child)
  }
}

/** An MCP server in a process of its own, so that its work is nobody else's. */
export class BenchUpstream implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly url: string

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  static async start(): Promise<BenchUpstream> {
    const child = forked('upstream-process.ts', [])
    return new BenchUpstream(child, (await answer(child)) as string)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return ended(this.#child)
  }
}

function forked(file: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url))
  return fork(path, args, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

/** @throws When the process ends instead of answering. */
async function answer(child: ChildProcess): Promise<unknown> {
  const waiting = new AbortController()
  const { signal } = waiting
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message as unknown),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`a process of the gateway suite ended with ${code}`)
      }),
    ])
  } finally {
    waiting.abort()
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.disconnect()
  await exited
}
