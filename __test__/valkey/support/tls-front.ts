// TLS on a loopback port before a server that speaks plain text: not every server build has TLS.

import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { type SecureContextOptions, type Server, type TlsOptions, createServer } from 'node:tls'

/** A running front. */
export class TlsFront implements AsyncDisposable {
  readonly #listener: Server
  readonly port: number

  /** Accepts with `options` and passes on to 127.0.0.1:`targetPort`. */
  static async open(targetPort: number, options: TlsOptions): Promise<TlsFront> {
    const listener = createServer({ ...options, noDelay: true }, (client) => {
      const server = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
      client.pipe(server).pipe(client)
      // One side's end is the other's; whoever is tested has seen the reason by then.
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        one.on('error', () => other.destroy())
        one.on('close', () => other.destroy())
      }
    })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    return new TlsFront(listener)
  }

  private constructor(listener: Server) {
    this.#listener = listener
    this.port = (listener.address() as AddressInfo).port
  }

  /** `rediss://127.0.0.1:<port>` */
  get url(): string {
    return `rediss://127.0.0.1:${this.port}`
  }

  /** Shows and demands other certificates from now on; connections that are open stay. */
  show(options: SecureContextOptions): void {
    this.#listener.setSecureContext(options)
  }

  /** Stops listening; connections end with their clients. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
  }
}
