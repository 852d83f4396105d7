/** `npm run demo`: two gateways, real MCP servers and a real MCP client. Exits with 0 only if every step went as told. */
import { mkdir, mkdtemp, realpath } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { NoServerError } from '../../scripts/test-server.mjs'
import { actOne } from './act-one.js'
import { actTwo } from './act-two.js'
import { Stage } from './stage.js'
import { ToolServers } from './tool-servers.js'
import { Transcript } from './transcript.js'

const transcript = new Transcript()

// Leaving by process.exit runs the handlers that end our processes and remove our folders.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

try {
  await play()
  transcript.end('ok')
} catch (error) {
  process.exitCode = 1
  if (error instanceof NoServerError) {
    transcript.act(
      'Act 2 did not take place: it needs a Valkey or Redis server',
      ...error.message.split('\n'),
    )
    transcript.end('incomplete')
  } else {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    transcript.end('failed')
  }
}

async function play(): Promise<void> {
  // The real path: the file server compares it with the paths that it is asked for.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'indelible-demo-')))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const workspace = join(folder, 'workspace')
  await mkdir(workspace)

  await using servers = await ToolServers.start(workspace)
  transcript.act(
    'An agent with two tools, behind a gateway that remembers what the agent has read',
    `customers: ${servers.names[0]}`,
    `files:     ${servers.names[1]}`,
    'policy:    a session that has read customer data may not write files',
  )
  const stage = new Stage(servers, workspace, folder)
  await actOne(stage, transcript)
  await actTwo(stage, transcript)
}
