// A compose file of deploy/, booted from a copy of its own.

import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { parse } from 'yaml'

const run = promisify(execFile)
const CLI = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const SOURCE = fileURLToPath(new URL('../../../deploy/', import.meta.url))

/** What the operator asks `indelible` for. */
export type Command = 'init' | 'doctor'

/** What it answers. */
export interface Report {
  readonly ok: boolean
  readonly checks: unknown[]
}

/** The words that run Compose on this machine: version 2 as a plug-in of the engine, or 1.29. Rejects without either. */
export async function composeCommand(): Promise<readonly [string, ...string[]]> {
  await run('docker', ['info'])
  const isPlugin = await run('docker', ['compose', 'version']).then(
    () => true,
    () => false,
  )
  if (isPlugin) return ['docker', 'compose']
  await run('docker-compose', ['version'])
  return ['docker-compose']
}

/** One compose file with its services; everything of it is gone after disposal. Made by `Project.copy`. */
export class Project implements AsyncDisposable {
  readonly #compose: readonly [string, ...string[]]
  readonly #env: NodeJS.ProcessEnv
  readonly #root: string
  /** The folder of the compose file, in which its state comes about. */
  readonly folder: string

  /** Copies deploy/ for the compose file in its folder `name` (`''`: deploy/ itself), and starts nothing. */
  static async copy(name: string, image: string, env: NodeJS.ProcessEnv): Promise<Project> {
    const compose = await composeCommand()
    const root = await mkdtemp(join(tmpdir(), 'indelible-deploy-'))
    await cp(SOURCE, root, { recursive: true, filter: (path) => !/\/state\/[^.]/.test(path) })
    return new Project(compose, root, name, { ...env, VALKEY_IMAGE: image, OPENSSL_IMAGE: image })
  }

  private constructor(
    compose: readonly [string, ...string[]],
    root: string,
    name: string,
    env: NodeJS.ProcessEnv,
  ) {
    this.#compose = compose
    this.#root = root
    this.folder = join(root, name)
    this.#env = {
      ...process.env,
      ...env,
      COMPOSE_PROJECT_NAME: root.slice(root.lastIndexOf('/') + 1).toLowerCase(),
    }
  }

  /** A file of the state. */
  path(...names: readonly string[]): string {
    return join(this.folder, 'state', ...names)
  }

  /** The block of store.yaml, with the paths of this copy. */
  async block(): Promise<Readonly<Record<string, unknown>>> {
    const text = await readFile(join(this.folder, 'store.yaml'), 'utf8')
    return (parse(text.replaceAll('state/', `${this.path()}/`)) as { store: Record<string, unknown> }).store
  }

  /** Runs `indelible` on a store block, as a gateway with the operator's help. */
  async indelible(command: Command, block: object): Promise<Report> {
    const config = join(this.folder, 'store.json')
    await writeFile(config, JSON.stringify(block))
    const password = this.path('operator', 'password')
    const admin = ['--admin-username', 'operator', '--admin-password-file', password]
    const { stdout } = await run(process.execPath, [CLI, command, '--config', config, ...admin, '--json'])
    return JSON.parse(stdout) as Report
  }

  /** Runs one command of Compose; resolves to what it printed. */
  async run(...args: readonly string[]): Promise<string> {
    const [command, ...words] = this.#compose
    const { stdout } = await run(command, [...words, ...args], { cwd: this.folder, env: this.#env })
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run('down', '--volumes', '--timeout', '1')
    await rm(this.#root, { recursive: true, force: true })
  }
}
