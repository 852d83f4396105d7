import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Authority, type Identity } from '../../__test__/valkey/support/certificates.js'
import { TlsFront } from '../../__test__/valkey/support/tls-front.js'
import type { Fault } from '../nemesis/fault.js'

/** TLS in front of a server: both sides show certificates, whose authority changes under way. */
export class Certificates implements AsyncDisposable {
  readonly #folder: string
  readonly #front: TlsFront
  #authority: Authority

  /** Listens before 127.0.0.1:`port`. @param folder - Gets the files that the nodes read. */
  static async open(port: number, folder: string): Promise<Certificates> {
    const authority = nextAuthority()
    const demands = { requestCert: true, rejectUnauthorized: true }
    const front = await TlsFront.open(port, { ...serverOptions(authority, authority.cert), ...demands })
    const certificates = new Certificates(folder, front, authority)
    await certificates.#write('ca', authority.cert)
    await certificates.#writeIdentity(authority)
    return certificates
  }

  private constructor(folder: string, front: TlsFront, authority: Authority) {
    this.#folder = folder
    this.#front = front
    this.#authority = authority
  }

  get port(): number {
    return this.#front.port
  }

  /** The part of a store's configuration. */
  get tls(): { readonly ca: string; readonly cert: string; readonly key: string } {
    return { ca: this.#path('ca'), cert: this.#path('cert'), key: this.#path('key') }
  }

  /** A new authority: trusted by everybody before anybody shows its certificates, then the old one ends. */
  get rotation(): Fault {
    return {
      name: 'certificates rotated',
      kind: 'access',
      lasts: [100, 1_000],
      strike: async () => {
        const [old, next] = [this.#authority, nextAuthority()]
        this.#authority = next
        const both = `${old.cert}${next.cert}`
        await this.#write('ca', both)
        this.#front.show(serverOptions(old, both))
        await this.#writeIdentity(next)
        this.#front.show(serverOptions(next, both))
        return async () => {
          await this.#write('ca', next.cert)
          this.#front.show(serverOptions(next, next.cert))
        }
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#front[Symbol.asyncDispose]()
  }

  async #writeIdentity(authority: Authority): Promise<void> {
    const { cert, key }: Identity = authority.vouchFor({})
    // Between the two the pair does not match, and a node keeps the one that it has.
    await this.#write('cert', cert)
    await this.#write('key', key)
  }

  async #write(file: string, pem: string): Promise<void> {
    await writeFile(this.#path(file), pem, { mode: 0o600 })
  }

  #path(file: string): string {
    return join(this.#folder, `${file}.pem`)
  }
}

let authorities = 0

/** Each with a name of its own: by it whoever verifies finds the one that has signed. */
function nextAuthority(): Authority {
  return new Authority(`soak authority ${++authorities}`)
}

function serverOptions(authority: Authority, trusted: string): Identity & { readonly ca: string } {
  return { ...authority.vouchFor({ names: ['127.0.0.1'] }), ca: trusted }
}
