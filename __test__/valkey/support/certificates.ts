// X.509 certificates made at run time, good ones and bad ones, without a tool that a machine may lack: just enough DER
// for an authority and what it vouches for (RFC 5280), signed with ECDSA over P-256.

import { type KeyObject, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

/** A certificate and its private key, as PEM text. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

/** What a certificate says. */
interface Claims {
  /** Hosts and addresses of a server. Without any it is a client's. */
  readonly names?: readonly string[]
  readonly expired?: boolean
}

/** A certificate authority of its own, whose certificate is `cert`. */
export class Authority {
  readonly #name: string
  readonly #key: KeyObject
  readonly cert: string

  constructor(name: string = 'indelible test authority') {
    const { publicKey, privateKey } = keyPair()
    this.#name = name
    this.#key = privateKey
    const isAuthority = extension('2.5.29.19', sequence(tagged(0x01, Buffer.from([0xff]))), true)
    const maySign = extension('2.5.29.15', bitString(Buffer.from([0x06]), 1), true)
    this.cert = this.#issue(name, publicKey, [isAuthority, maySign], {})
  }

  /** A new key with a certificate from this authority. */
  vouchFor({ names = [], expired = false }: Claims): Identity {
    const { publicKey, privateKey } = keyPair()
    const purpose = names.length > 0 ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2'
    const extensions = [extension('2.5.29.37', sequence(objectId(purpose)))]
    if (names.length > 0) extensions.push(extension('2.5.29.17', sequence(...names.map(alternativeName))))
    const cert = this.#issue(names[0] ?? 'client', publicKey, extensions, { expired })
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
  }

  #issue(
    subject: string,
    publicKey: KeyObject,
    extensions: readonly Buffer[],
    { expired = false }: Claims,
  ): string {
    const algorithm = sequence(objectId('1.2.840.10045.4.3.2'))
    const validity = expired ? ['20010101000000Z', '20020101000000Z'] : ['20010101000000Z', '20991231235959Z']
    const body = sequence(
      tagged(0xa0, integer(Buffer.from([2]))),
      integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
      algorithm,
      commonName(this.#name),
      sequence(...validity.map((time) => tagged(0x18, Buffer.from(time)))),
      commonName(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      tagged(0xa3, sequence(...extensions)),
    )
    const certificate = sequence(body, algorithm, bitString(sign('sha256', body, this.#key)))
    const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
    return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
  }
}

function keyPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function sequence(...items: readonly Buffer[]): Buffer {
  return tagged(0x30, ...items)
}

/** A whole number whose first byte is below 128. */
function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes)
}

function bitString(bytes: Buffer, unusedBits: number = 0): Buffer {
  return tagged(0x03, Buffer.from([unusedBits]), bytes)
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const digits = (arc: number): number[] => (arc < 0x80 ? [arc] : [...digits(arc >> 7), arc & 0x7f])
  const bytes = rest.flatMap((arc) =>
    digits(arc).map((digit, at, all) => (at < all.length - 1 ? digit | 0x80 : digit)),
  )
  return tagged(0x06, Buffer.from([first * 40 + second, ...bytes]))
}

function commonName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId('2.5.4.3'), tagged(0x0c, Buffer.from(name)))))
}

function alternativeName(name: string): Buffer {
  if (isIPv4(name)) return tagged(0x87, Buffer.from(name.split('.').map(Number)))
  return tagged(0x82, Buffer.from(name))
}

function extension(id: string, value: Buffer, critical: boolean = false): Buffer {
  const flag = critical ? [tagged(0x01, Buffer.from([0xff]))] : []
  return sequence(objectId(id), ...flag, tagged(0x04, value))
}
