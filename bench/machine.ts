import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import { promisify } from 'node:util'

/** Where and with what a run was made, for whoever wants to repeat it. */
export interface RunConditions {
  readonly date: string
  /** The commit that was measured; null outside a repository. */
  readonly commit: string | null
  readonly node: string
  readonly system: string
  readonly processor: string
  readonly processors: number
  readonly memoryGigabytes: number
  /** One-minute load average before the run: what else the machine was doing. */
  readonly loadBefore: number
  /** Version of every package that was measured. */
  readonly packages: Readonly<Record<string, string>>
}

export async function runConditions(): Promise<RunConditions> {
  return {
    date: new Date().toISOString(),
    commit: await currentCommit(),
    node: process.version,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    processor: os.cpus()[0]?.model ?? 'unknown',
    processors: os.availableParallelism(),
    memoryGigabytes: Math.round(os.totalmem() / 2 ** 30),
    loadBefore: os.loadavg()[0] ?? 0,
    packages: await packageVersions(),
  }
}

async function currentCommit(): Promise<string | null> {
  const revision = promisify(execFile)('git', ['rev-parse', 'HEAD'], { cwd: import.meta.dirname })
  return await revision.then(
    ({ stdout }) => stdout.trim(),
    () => null,
  )
}

async function packageVersions(): Promise<Record<string, string>> {
  const ours = await readManifest('../package.json')
  const peers = await readManifest('package.json')
  return { [ours.name]: ours.version, ...peers.dependencies }
}

interface Manifest {
  readonly name: string
  readonly version: string
  /** Exact versions: the bench pins its peers. */
  readonly dependencies: Readonly<Record<string, string>>
}

async function readManifest(path: string): Promise<Manifest> {
  return JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8')) as Manifest
}
