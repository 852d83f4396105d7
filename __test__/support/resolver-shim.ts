// A resolver in a test's hand, for one name and one program.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { compileShim } from './shim.js'

const SOURCE = fileURLToPath(new URL('resolver-shim.c', import.meta.url))

/** What the resolver says of the name: its addresses in this order, none, or nothing at all. */
export type Resolution = readonly string[] | 'silence'

/** Answers a name in the programs that run with `env`. */
export class Resolver implements AsyncDisposable {
  readonly #scratch: string
  /** The environment that a program needs to ask this resolver. */
  readonly env: Readonly<Record<string, string>>

  static async open(name: string, resolution: Resolution): Promise<Resolver> {
    const scratch = await mkdtemp(join(tmpdir(), 'indelible-resolver-'))
    const resolver = new Resolver(scratch, name, await compileShim(SOURCE, scratch))
    await resolver.says(resolution)
    return resolver
  }

  private constructor(scratch: string, name: string, library: string) {
    this.#scratch = scratch
    this.env = {
      LD_PRELOAD: library,
      RESOLVER_SHIM_NAME: name,
      RESOLVER_SHIM_ADDRESSES: join(scratch, 'addresses'),
    }
  }

  /** From the next look-up on, and to whoever is kept waiting. */
  async says(resolution: Resolution): Promise<void> {
    const next = join(this.#scratch, 'next')
    await writeFile(next, typeof resolution === 'string' ? resolution : resolution.join(' '))
    await rename(next, join(this.#scratch, 'addresses')) // whole, for whoever reads it meanwhile
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#scratch, { recursive: true, force: true })
  }
}
