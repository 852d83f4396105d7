// Libraries that are preloaded into a program, to change what the system does for it.

import { execFile } from 'node:child_process'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

/**
 * Compiles a C file with `cc` into a library in `folder`.
 *
 * @returns its path, for `LD_PRELOAD`.
 */
export async function compileShim(source: string, folder: string): Promise<string> {
  const library = join(folder, `${basename(source, '.c')}.so`)
  await promisify(execFile)('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-o', library, source, '-ldl'])
  return library
}
