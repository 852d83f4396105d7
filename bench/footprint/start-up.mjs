// From import to the first load: run in a fresh process, plain JavaScript so that no loader is measured with it.
//
//   node start-up.mjs NAME URL        prints milliseconds and resident megabytes as JSON

const [, , name = '', url = ''] = process.argv

/** @type {Readonly<Record<string, () => Promise<() => unknown>>>} imports a client, loads once, answers how to close it */
const CLIENTS = {
  async indelible() {
    const { openSessionStore } = await import('indelible')
    const store = await openSessionStore({ kind: 'valkey', endpoint: url })
    const result = await store.loadLabels('session')
    if (!result.ok) throw result.error
    return () => store.close()
  },
  async ioredis() {
    const { Redis } = await import('ioredis')
    const redis = new Redis(url)
    await redis.smembers('session')
    return () => redis.quit()
  },
  async iovalkey() {
    const { Redis } = await import('iovalkey')
    const redis = new Redis(url)
    await redis.smembers('session')
    return () => redis.quit()
  },
  async 'node-redis'() {
    const { createClient } = await import('redis')
    const client = createClient({ url })
    await client.connect()
    await client.sMembers('session')
    return () => client.close()
  },
  async 'valkey-glide'() {
    const { GlideClient } = await import('@valkey/valkey-glide')
    const { hostname, port } = new URL(url)
    const client = await GlideClient.createClient({ addresses: [{ host: hostname, port: Number(port) }] })
    await client.smembers('session')
    return () => client.close()
  },
}

const start = CLIENTS[name]
if (start === undefined) throw new Error(`no client ${name}`)
const began = performance.now()
const close = await start()
const milliseconds = performance.now() - began
const megabytes = process.memoryUsage.rss() / 1e6
await close()
process.stdout.write(JSON.stringify({ milliseconds, megabytes }))
