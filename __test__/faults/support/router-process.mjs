// Forwards a port: run by `router.ts` as a process of its own, so that it can be stopped as a host can vanish.

import { connect, createServer } from 'node:net'

const [targetPort, host, port] = process.argv.slice(2)

const listener = createServer({ noDelay: true }, (client) => {
  const server = connect({ port: Number(targetPort), host: '127.0.0.1', noDelay: true })
  client.pipe(server).pipe(client)
  for (const socket of [client, server]) {
    const other = socket === client ? server : client
    socket.on('error', () => other.destroy())
    socket.on('close', () => other.destroy())
  }
})
// The kernel takes one connection more than this for a process that does not, and drops every SYN after that.
listener.listen({ port: Number(port), host, backlog: 1 }, () => process.send?.(listener.address()))
process.once('disconnect', () => process.exit())
