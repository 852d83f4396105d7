// A package registry on loopback that serves the tarballs it is given, and nothing else.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The parts of a `package.json` that a registry hands out. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly [field: string]: unknown
}

interface Published {
  readonly manifest: Manifest
  readonly tarball: Buffer
}

/** A running registry. `downloads` names the packages whose tarball was fetched, in order. */
export class Registry implements AsyncDisposable {
  readonly #server: Server
  readonly #published = new Map<string, Published>()
  readonly downloads: string[] = []

  /** Listens on a free loopback port. */
  static async open(): Promise<Registry> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Registry(server)
  }

  private constructor(server: Server) {
    this.#server = server
    server.on('request', ({ url = '/' }, response) => {
      const [, name = '', file] = decodeURIComponent(url).split('/')
      const published = this.#published.get(name)
      if (published === undefined) {
        response.writeHead(404).end('{}')
      } else if (file === 'package.tgz') {
        this.downloads.push(name)
        response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(published.tarball)
      } else {
        response.writeHead(200, { 'content-type': 'application/json' }).end(this.#packument(published))
      }
    })
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Serves the tarball at `path` as the only version of the package that `manifest` describes. */
  async publish(manifest: Manifest, path: string): Promise<void> {
    this.#published.set(manifest.name, { manifest, tarball: await readFile(path) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #packument({ manifest, tarball }: Published): string {
    const { name, version } = manifest
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const dist = { tarball: `${this.url}/${name}/package.tgz`, integrity }
    return JSON.stringify({
      name,
      'dist-tags': { latest: version },
      versions: { [version]: { ...manifest, dist } },
    })
  }
}
