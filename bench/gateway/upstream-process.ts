/** An MCP server that answers everything at once with the same result. Tells its parent its URL. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const RESULT = { content: [{ type: 'text', text: 'Jane Doe, 12 Elm Street, customer since 2019' }] }

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { id } = JSON.parse(Buffer.concat(chunks).toString()) as { id: unknown }
    const body = JSON.stringify({ jsonrpc: '2.0', id, result: RESULT })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
process.once('disconnect', () => process.exit())
