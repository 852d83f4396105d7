// Makes the image that the container suite runs out of the Valkey server that the ladder finds, for machines that
// reach no image registry: `docker import` of the binary and the libraries it is linked to. Does nothing when the
// engine has the image. `node scripts/container-image.mjs`

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { CONTAINER_IMAGE, findServer } from './server-ladder.mjs'

const run = promisify(execFile)

const present = await run('docker', ['image', 'inspect', CONTAINER_IMAGE]).then(
  () => true,
  () => false,
)
if (!present) {
  const server = await findServer({ ...process.env, INDELIBLE_TEST_SERVER: 'valkey' })
  const root = await mkdtemp(join(tmpdir(), 'indelible-image-'))
  try {
    await fill(root, server.path)
    await importImage(root)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}
process.stdout.write(`${CONTAINER_IMAGE}: ${present ? 'there already' : 'made'}\n`)

/**
 * @param {string} root
 * @param {string} binary
 */
async function fill(root, binary) {
  await install(root, binary, '/usr/local/bin/valkey-server')
  const { stdout } = await run('ldd', [binary])
  // `libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)` and the loader itself, `/lib64/ld-linux-x86-64.so.2 (0x…)`
  for (const [, library] of stdout.matchAll(/(\/\S+) \(0x/g)) {
    if (library !== undefined) await install(root, library, library)
  }
  await mkdir(join(root, 'data'))
  await mkdir(join(root, 'tmp'))
  await mkdir(join(root, 'etc'))
  await writeFile(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/data:/sbin/nologin\nvalkey:x:999:999::/data:/sbin/nologin\n',
  )
}

/**
 * @param {string} root
 * @param {string} file
 * @param {string} place
 */
async function install(root, file, place) {
  const target = join(root, place)
  await mkdir(dirname(target), { recursive: true })
  await copyFile(await realpath(file), target)
}

/** @param {string} root */
async function importImage(root) {
  const changes = [
    'ENV PATH=/usr/local/bin',
    'WORKDIR /data',
    'EXPOSE 6379',
    'CMD ["valkey-server"]',
    'LABEL org.indelible.imported=true',
  ]
  const tar = spawn('tar', ['-c', '-C', root, '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const docker = spawn(
    'docker',
    ['import', ...changes.flatMap((line) => ['--change', line]), '-', CONTAINER_IMAGE],
    {
      stdio: ['pipe', 'ignore', 'inherit'],
    },
  )
  tar.stdout.pipe(docker.stdin)
  const [[tarCode], [dockerCode]] = await Promise.all([once(tar, 'exit'), once(docker, 'exit')])
  if (tarCode !== 0 || dockerCode !== 0)
    throw new Error(`docker import failed: tar ${tarCode}, docker ${dockerCode}`)
}
