// Worker threads that are terminated in the middle of an operation take nothing with them.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { ownServer } from '../support/servers.js'
import { nodeBinary } from './support/node-binaries.js'
import { LIMIT_MS, SCALE } from './support/scale.js'

const server = ownServer()

const PROGRAM = fileURLToPath(new URL('support/worker-process.mjs', import.meta.url))
/** A hundredth would be one, which proves nothing. */
const WORKERS = SCALE === 1 ? 100 : 16
const OWN_MAJOR = Number(process.versions.node.split('.')[0])

test.each([20, 22, 24])(
  `${WORKERS} workers on Node.js %i`,
  async (major) => {
    const node = major === OWN_MAJOR ? process.execPath : await nodeBinary(major)
    const child = spawn(node, [PROGRAM, server().url, String(WORKERS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    })
    const exited = once(child, 'exit')
    const output = await text(child.stdout)
    expect(await exited).toEqual([0, null])
    expect(output).toMatch(new RegExp(`^terminated ${WORKERS} on ${major}\\.`))
  },
  LIMIT_MS,
)
