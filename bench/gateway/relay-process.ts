/** A relay under test, alone in its process. Started with a `RelaySpec`; speaks `RelayMessage` to its parent. */
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Gateway } from 'indelible-gateway'
import { TOKEN, type RelayMessage, type RelaySpec } from './protocol.js'

const [, , argument = ''] = process.argv
const spec = JSON.parse(argument) as RelaySpec

/** A permit for everything and a rule that has to look at the labels of the session. */
const POLICY = `
  @id("use") permit (principal, action, resource);
  @id("no-leak") @message("This session has read personal data.")
  forbid (principal, action == Action::"tools/call", resource == Tool::"files/write")
  when { context.labels.contains("pii") };
`

tell({ address: spec.kind === 'bare' ? await bareRelay(spec.upstream) : await gateway(spec) })
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  const activeMs = performance.eventLoopUtilization().active
  tell({ cpuMicros: user + system, activeMs, megabytes: process.memoryUsage.rss() / 1e6 })
})
process.once('disconnect', () => process.exit())

function tell(message: RelayMessage): void {
  process.send?.(message)
}

/** Passes every request on as it comes, over connections that are kept. */
async function bareRelay(upstream: string): Promise<string> {
  const agent = new Agent({ keepAlive: true })
  const server = createServer((incoming, outgoing) => {
    const { method = 'POST', headers } = incoming
    const onward = request(upstream, { method, headers, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function gateway({ upstream, store }: RelaySpec): Promise<string> {
  const opened = await Gateway.open(
    {
      listen: { port: 0 },
      authentication: { tokens: [{ principal: 'alice', tokenEnv: 'TOKEN' }] },
      session: { header: 'X-Session' },
      store: { kind: 'valkey', endpoint: store, ttlSeconds: 3_600 },
      policy: { text: POLICY },
      upstreams: {
        crm: { url: upstream, tools: { read: { labels: [{ label: 'pii', scope: 'session' }] } } },
        files: { url: upstream, tools: { write: {} } },
      },
    },
    { environment: { TOKEN } },
  )
  return opened.address
}
