import { fileURLToPath } from 'node:url'

import { compileShim } from '../__test__/support/shim.js'
import type { Random } from './random.js'
import type { Site } from './sites/site.js'
import { type Remains, WorkerProcess } from './worker-process.js'
import type { Assignment, Epoch } from './worker/assignment.js'

const SHIM = fileURLToPath(new URL('source-address-shim.c', import.meta.url))
const CALLERS = 8
/** Shorter at the most than by default, so that the time of recovery is that of the servers and not its own. */
const BREAKER = { maxOpenMs: 2_000 }

/** How a fleet is made up. */
export interface FleetOptions {
  readonly site: Site
  readonly random: Random
  /** Gets the histories. */
  readonly history: string
  /** Gets what is compiled. */
  readonly scratch: string
  readonly workersPerHost: number
  /** Plain clients instead of our store. */
  readonly control: boolean
}

/** All processes under load, spread over the hosts of a site. */
export class Fleet implements AsyncDisposable {
  readonly #options: FleetOptions
  readonly #shim: string
  readonly #workers = new Map<number, WorkerProcess>()
  #started = 0
  #epoch: Epoch | undefined
  readonly remains: Remains[] = []

  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options, await compileShim(SHIM, options.scratch))
    try {
      const count = options.site.hosts.length * options.workersPerHost
      for (let seat = 0; seat < count; seat++) fleet.#workers.set(seat, await fleet.#start(seat, CALLERS))
      return fleet
    } catch (error) {
      await fleet[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(options: FleetOptions, shim: string) {
    this.#options = options
    this.#shim = shim
  }

  get size(): number {
    return this.#workers.size
  }

  /** From now on the sessions of `epoch` are under load. */
  enter(epoch: Epoch): void {
    this.#epoch = epoch
    for (const worker of this.#workers.values()) worker.enter(epoch)
  }

  /** Ends one worker and puts a new process into its place. */
  async replace(): Promise<void> {
    const seat = this.#options.random.pick(Array.from(this.#workers.keys()))
    const [old, successor] = [this.#workers.get(seat), await this.#start(seat, CALLERS)]
    this.#workers.set(seat, successor)
    if (this.#epoch !== undefined) successor.enter(this.#epoch)
    await this.#retire(old)
  }

  /** Has a process that has seen nothing load every session since `epoch.oldest`. */
  async audit(epoch: Epoch): Promise<void> {
    await using auditor = await this.#start(0, 0)
    await auditor.audit(epoch)
    await this.#retire(auditor)
  }

  /** Lets every worker finish what is in flight, and ends it. */
  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#workers.values(), (worker) => this.#retire(worker)))
    this.#workers.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers.values()) await worker[Symbol.asyncDispose]()
  }

  async #retire(worker: WorkerProcess | undefined): Promise<void> {
    if (worker !== undefined) this.remains.push(await worker.stop())
  }

  async #start(seat: number, callers: number): Promise<WorkerProcess> {
    const { site, random, history } = this.#options
    const process = this.#started++
    const host = site.hosts[seat % site.hosts.length]
    if (host === undefined) throw new Error('a site has hosts')
    const assignment: Assignment = {
      process,
      seed: random.below(2 ** 32),
      callers,
      folder: history,
      subject: this.#subject(seat),
    }
    return WorkerProcess.start(assignment, host.address, this.#shim)
  }

  #subject(seat: number): Assignment['subject'] {
    const { site, control } = this.#options
    if (control) return { kind: 'raw', route: site.route, hangs: seat % 2 === 0 }
    // Every other one has as good as no memory of its own: what the servers hold must be enough.
    const ratchet = seat % 2 === 0 ? {} : { ratchet: { maxSessions: 1 } }
    return { kind: 'library', config: { ...site.storeConfig, breaker: BREAKER, ...ratchet } }
  }
}
