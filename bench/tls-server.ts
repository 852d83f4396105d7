import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Authority } from '../__test__/valkey/support/certificates.js'
import { TlsFront } from '../__test__/valkey/support/tls-front.js'
import { freePort, startServer, type TestServer } from '../scripts/test-server.mjs'

/** A server that speaks TLS on one port and plain text on another. */
export interface TlsServer extends AsyncDisposable {
  /** `rediss://` */
  readonly url: string
  readonly plainPort: number
  /** Who does the encryption, for the report. */
  readonly terminates: string
}

/**
 * The server's own TLS, or a front before it where the binary was built without.
 *
 * @param folder - Receives certificate and key.
 */
export async function startTlsServer(authority: Authority, folder: string): Promise<TlsServer> {
  const { cert, key } = authority.vouchFor({ names: ['127.0.0.1'] })
  const files = {
    cert: join(folder, 'server.pem'),
    key: join(folder, 'server.key'),
    ca: join(folder, 'ca.pem'),
  }
  await writeFile(files.cert, cert)
  await writeFile(files.key, key, { mode: 0o600 })
  const port = await freePort()
  const config = {
    'tls-port': port,
    'tls-cert-file': files.cert,
    'tls-key-file': files.key,
    'tls-ca-cert-file': files.ca,
    'tls-auth-clients': 'no',
  }
  const own = await startServer({ config }).catch(() => undefined)
  if (own !== undefined) {
    return {
      url: `rediss://127.0.0.1:${port}`,
      plainPort: own.port,
      terminates: 'the server',
      [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
    }
  }
  return await fronted(await startServer(), { cert, key })
}

async function fronted(
  server: TestServer,
  identity: { readonly cert: string; readonly key: string },
): Promise<TlsServer> {
  const front = await TlsFront.open(server.port, identity)
  return {
    url: front.url,
    plainPort: server.port,
    terminates: 'a front in this process, since the server has none',
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
