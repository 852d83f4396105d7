// What TLS is compiled into the addon: one implementation, with nothing that could be told not to look.

import { execFile } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The features of every package that the addon is built from, `package feature`. */
async function features(): Promise<string[]> {
  const only = ['--package', 'indelible-node', '--edges', 'normal,features', '--prefix', 'none']
  const { stdout } = await promisify(execFile)('cargo', ['tree', '--locked', '--offline', ...only], {
    cwd: ROOT,
    maxBuffer: 2 ** 24,
  })
  return Array.from(
    stdout.matchAll(/^(\S+) feature "([^"]+)"/gm),
    ([, name, feature]) => `${name} ${feature}`,
  )
}

const compiled = await features()
const of = (name: string): string[] =>
  [...new Set(compiled)].filter((line) => line.startsWith(`${name} `)).toSorted()

test('rustls on ring, TLS 1.2 and 1.3, and nothing else', () => {
  expect(of('rustls')).toEqual(['rustls ring', 'rustls std', 'rustls tls12'])
  expect(of('tokio-rustls')).toEqual(['tokio-rustls ring', 'tokio-rustls tls12'])
})

test('the library of the cold paths brings no TLS of its own', () => {
  expect(of('redis').length).toBeGreaterThan(0)
  expect(of('redis').filter((feature) => /tls|insecure|native/.test(feature))).toEqual([])
})

test('no feature of any package says that it is insecure or dangerous', () => {
  expect(compiled.length).toBeGreaterThan(50)
  const other = /insecure|danger|^(?:openssl|openssl-sys|native-tls|aws-lc-rs) /
  expect(compiled.filter((line) => other.test(line))).toEqual([])
})

test('no verification of certificates is replaced', async () => {
  const folder = join(ROOT, 'crates', 'indelible-valkey', 'src')
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.rs'))
  expect(files.length).toBeGreaterThan(50)
  const texts = await Promise.all(
    files.map(async (file) => [file, await readFile(join(folder, file), 'utf8')] as const),
  )
  expect(
    texts.filter(([, text]) => /\.dangerous\(\)|ServerCertVerifier/.test(text)).map(([file]) => file),
  ).toEqual([])
})
