// What keeps an addon from being shipped, and what a release says about the packages that it publishes.

import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { SHIPPED, shippingProblems } from '../../scripts/addon-file.mjs'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

describe.runIf(process.platform === 'linux')('an addon', async () => {
  const name = (await readdir(join(ROOT, 'native'))).find((file) => file.endsWith('.node')) ?? ''
  const addon = join(ROOT, 'native', name)
  const generous = { maxBytes: 1_000_000_000, glibc: '2.999' }

  test('within the limits has no problem', async () => {
    expect(await shippingProblems(addon, generous)).toEqual([])
  })

  test('that is too large has one', async () => {
    expect(await shippingProblems(addon, { ...generous, maxBytes: 1 })).toEqual([
      expect.stringMatching(/^it has \d+ bytes, and 1 are allowed$/),
    ])
  })

  test('that needs a newer glibc has one; versions are compared as numbers', async () => {
    expect(await shippingProblems(addon, { ...generous, glibc: '2.9' })).toEqual([
      expect.stringMatching(/^it needs glibc 2\.\d+, and must run on 2\.9$/),
    ])
  })

  test('that is none has one', async () => {
    expect(await shippingProblems(join(ROOT, 'README.md'), generous)).toEqual([
      expect.stringContaining('names no version of glibc'),
    ])
  })
})

test('the limits are those of the documentation', async () => {
  expect(SHIPPED).toEqual({ maxBytes: 3_000_000, glibc: '2.17' })
  const contributing = await readFile(join(ROOT, 'CONTRIBUTING.md'), 'utf8')
  expect(contributing).toContain('at most 3 MB')
  expect(contributing).toContain('glibc 2.17')
})

test.each(['package.json', 'gateway/package.json', 'npm/linux-x64-gnu/package.json'])(
  '%s is published with provenance, for the versions of Node.js that are supported',
  async (path) => {
    const manifest = JSON.parse(await readFile(join(ROOT, path), 'utf8')) as Record<string, unknown>
    expect(manifest['publishConfig']).toEqual({ access: 'public', provenance: true })
    expect(manifest['engines']).toEqual({ node: '>=20.19' })
    expect(Object.keys(manifest['scripts'] ?? {})).not.toContain('install')
    expect(Object.keys(manifest['scripts'] ?? {})).not.toContain('postinstall')
  },
)
