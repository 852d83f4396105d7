import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigError, openSessionStore } from 'indelible'
import type { SessionStore, SessionStoreFactory } from 'indelible'
import { publishAlarm } from './alarm.js'
import { CallerKeys } from './caller-keys.js'
import { checkConfig } from './config/config-check.js'
import type { Environment } from './config/environment.js'
import type { GatewayConfig, ListenConfig } from './config/gateway-config.js'
import { BearerAuthentication } from './http/authentication.js'
import { LOOPBACK_HOSTS } from './http/host-check.js'
import { SessionSource } from './http/session-source.js'
import { UnderWay } from './http/under-way.js'
import { Judgement } from './judgement.js'
import { CedarPolicy } from './policy/cedar-policy.js'
import { PolicyArguments } from './policy/policy-arguments.js'
import { readPolicies } from './policy/policy-source.js'
import { RequestHandler } from './request-handler.js'
import { DEFAULT_METHODS, MethodAllowList } from './rpc/method-allow-list.js'
import { Upstream } from './upstream/upstream.js'

/** What a gateway may be given besides its configuration. */
export interface GatewayOptions {
  /** The folder that relative paths in the configuration start from. Default: the working directory. */
  readonly directory?: string
  /** Where `tokenEnv` is looked up. Default: the environment of the process. */
  readonly environment?: Environment
  /** Store kinds besides the built-in ones. */
  readonly factories?: readonly SessionStoreFactory[]
}

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = 8808

/** Milliseconds in which a client must have sent its headers, and its whole request. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000

/** Milliseconds that requests under way get to end when the gateway is closed. */
const DRAIN_MS = 10_000

/** A running gateway. */
export class Gateway implements AsyncDisposable {
  /** Where it listens, e.g. `http://127.0.0.1:8808`. */
  readonly address: string
  readonly #server: Server
  readonly #upstreams: readonly Upstream[]
  readonly #store: SessionStore
  readonly #underWay: UnderWay
  #closing: Promise<void> | undefined

  private constructor(
    server: Server,
    upstreams: readonly Upstream[],
    store: SessionStore,
    underWay: UnderWay,
  ) {
    const { address, family, port } = server.address() as AddressInfo
    this.address = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
    this.#server = server
    this.#upstreams = upstreams
    this.#store = store
    this.#underWay = underWay
  }

  /**
   * Checks the configuration, opens the store and listens.
   *
   * @throws ConfigError for a configuration that cannot work; nothing is left open then.
   */
  static async open(input: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
    const { directory = process.cwd(), environment = process.env, factories = [] } = options
    const config = checkConfig(input)
    const upstreams = Object.entries(config.upstreams).map(([name, upstream]) => new Upstream(name, upstream))
    const methods = new MethodAllowList(config.methods ?? DEFAULT_METHODS)
    const policy = new CedarPolicy(await readPolicies(config.policy, directory), {
      principals: [...new Set(config.authentication.tokens.map(({ principal }) => principal))],
      upstreams: upstreams.map(({ name }) => name),
      tools: upstreams.flatMap(({ name, catalogue }) => catalogue.toolNames.map((tool) => `${name}/${tool}`)),
      prompts: upstreams.flatMap(({ name, catalogue }) =>
        catalogue.promptNames.map((prompt) => `${name}/${prompt}`),
      ),
      actions: methods.judged,
      arguments: config.policy.arguments ?? {},
    })
    const authentication = new BearerAuthentication(config.authentication.tokens, environment)
    const allowedHosts = allowedHostsOf(config.listen ?? {})
    const sessions = new SessionSource(config.session)
    const store = await openSessionStore(config.store, { factories, path: 'store' })

    const labels = [...policy.taints, ...upstreams.flatMap(({ catalogue }) => catalogue.labels)]
    if (sessions.clientChosen && !labels.every(({ scopeStated }) => scopeStated)) {
      publishAlarm('gateway_client_chosen_session', store.kind, {
        remedy: 'a client leaves its labels behind by naming another session: state the scope of every label',
      })
    }

    const handler = new RequestHandler({
      admission: {
        allowedHosts,
        allowedOrigins: new Set(config.listen?.allowedOrigins ?? []),
        authentication,
        upstreams: new Map(upstreams.map((upstream) => [upstream.name, upstream])),
      },
      keys: new CallerKeys(sessions),
      methods,
      policyArguments: new PolicyArguments(config.policy.arguments ?? {}),
      judgement: new Judgement(store, policy),
      storeKind: store.kind,
    })
    const underWay = new UnderWay()
    const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS })
    server.on('request', (request, response) => {
      if (!server.listening) response.shouldKeepAlive = false // closing: this connection's last request
      underWay.add(response, handler.handle(request, response))
    })
    try {
      await listen(server, config.listen ?? {})
    } catch (error) {
      await store.close()
      throw error
    }
    return new Gateway(server, upstreams, store, underWay)
  }

  /**
   * Takes no new requests, ends open streams, lets requests under way finish for up to ten seconds, then closes
   * the store. Never rejects; may be called again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #drain(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeIdleConnections()
    for (const response of this.#underWay.responses) {
      response.shouldKeepAlive = false
      response.once('close', () => setImmediate(() => this.#server.closeIdleConnections()))
      if (response.req.method === 'GET') response.destroy() // a stream of server messages has no end of its own
    }
    const overdue = setTimeout(() => this.#server.closeAllConnections(), DRAIN_MS)
    await closed
    clearTimeout(overdue)
    await Promise.all(this.#upstreams.map((upstream) => upstream.close()))
    await this.#underWay.handled() // a client that has left may have left a label to be written
    await this.#store.close()
  }
}

/** @throws ConfigError on a public address without host names: any name would have to be believed. */
function allowedHostsOf({ host = DEFAULT_HOST, allowedHosts }: ListenConfig): ReadonlySet<string> {
  if (allowedHosts !== undefined) return new Set(allowedHosts.map((name) => name.toLowerCase()))
  if (host === 'localhost' || host === '::1' || host.startsWith('127.'))
    return new Set([...LOOPBACK_HOSTS, host])
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    'listen.allowedHosts',
    'is needed when listen.host is no loopback address; list the names by which clients reach the gateway',
  )
}

async function listen(
  server: Server,
  { host = DEFAULT_HOST, port = DEFAULT_PORT }: ListenConfig,
): Promise<void> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    const problem = `cannot listen on port ${port} of ${host} (${code}); choose another host or port`
    throw new ConfigError('ERR_CONFIG_INVALID', 'listen', problem, { cause })
  }
}
