import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../gateway/dist/cli.js', import.meta.url))

/** How long a node may take until it listens, in milliseconds. */
const START_LIMIT_MS = 20_000

/** How long an alarm may take from the answer that went with it to the line on stderr, in milliseconds. */
const ALARM_LIMIT_MS = 5_000

/** A gateway process. */
export class GatewayNode implements AsyncDisposable {
  /** `http://127.0.0.1:port`; each upstream is at `/mcp/<name>`. */
  readonly address: string
  readonly #alarms: Alarms
  readonly #process: ChildProcess
  readonly #killAtExit: () => void

  private constructor(address: string, alarms: Alarms, child: ChildProcess) {
    this.address = address
    this.#alarms = alarms
    this.#process = child
    this.#killAtExit = () => child.kill('SIGKILL')
    process.once('exit', this.#killAtExit)
  }

  /**
   * Starts a gateway and waits until it listens.
   *
   * @param configFile - Path of its YAML file.
   * @param environment - Variables that the file refers to.
   * @throws When it ends first; the message carries what it wrote to stderr.
   */
  static async start(
    configFile: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<GatewayNode> {
    const child = spawn(process.execPath, [CLI, '--config', configFile], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const complaints: string[] = []
    const alarms = new Alarms()
    createInterface({ input: child.stderr }).on('line', (line) => {
      complaints.push(line)
      alarms.read(line)
    })
    try {
      return new GatewayNode(await listeningAddress(child), alarms, child)
    } catch (cause) {
      child.kill('SIGKILL')
      throw new Error(`the gateway did not start: ${complaints.join('\n')}`, { cause })
    }
  }

  /** Waits until the node has raised this alarm; rejects when it does not. */
  async alarm(name: string): Promise<void> {
    await this.#alarms.raised(name)
  }

  /** Ends the process the way a crash does: it gets no chance to save anything. */
  async crash(): Promise<void> {
    process.off('exit', this.#killAtExit)
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.crash()
  }
}

async function listeningAddress(
  child: ChildProcess & { readonly stdout: NodeJS.ReadableStream },
): Promise<string> {
  const lines = createInterface({ input: child.stdout })
  const timer = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS)
  try {
    // Ends when the process does, since its stdout closes then.
    for await (const line of lines) {
      const event = JSON.parse(line) as { readonly type?: unknown; readonly address?: unknown }
      if (event.type === 'listening' && typeof event.address === 'string') return event.address
    }
    throw new Error('it ended before it listened')
  } finally {
    clearTimeout(timer)
    child.stdout.resume()
  }
}

/** The alarms of a gateway: each is one JSON line on its stderr. */
class Alarms {
  readonly #raised = new Set<string>()
  readonly #news = new EventEmitter()

  /** Takes a line of stderr; one that is no alarm is ignored. */
  read(line: string): void {
    if (!line.startsWith('{')) return
    const { type, name } = JSON.parse(line) as { readonly type?: unknown; readonly name?: unknown }
    if (type !== 'alarm' || typeof name !== 'string') return
    this.#raised.add(name)
    this.#news.emit(name)
  }

  async raised(name: string): Promise<void> {
    if (this.#raised.has(name)) return
    await once(this.#news, name, { signal: AbortSignal.timeout(ALARM_LIMIT_MS) })
  }
}
