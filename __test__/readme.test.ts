// What the README shows is true: each of its commands runs somewhere in the gate, its example is the one that is
// tested, and whatever the documentation points at is there.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { describe, expect, onTestFinished, test } from 'vitest'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const text = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8')

/** The contents of the fenced blocks of `language`. */
function blocks(markdown: string, language: string): string[] {
  return Array.from(
    markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')),
    ([, body = '']) => body,
  )
}

describe('README', () => {
  /** Where the gate runs a command of the README, as a text that stands in that file. */
  const RUN_ELSEWHERE: Readonly<Record<string, readonly [file: string, evidence: string]>> = {
    'npm run demo': ['.ci/run', "step 'demo' npm run demo"],
    'npm test': ['.ci/run', 'npm test'],
    'npm install indelible': ['__test__/package/install.test.ts', "['install', 'indelible',"],
  }
  const START =
    'ALICE_TOKEN=change-me-to-a-secret npm start -- --config gateway/indelible-gateway.example.yaml'

  test('has no command that nothing runs', async () => {
    const commands = blocks(await text('README.md'), 'sh').flatMap((block) => block.trim().split('\n'))
    expect(commands.toSorted()).toEqual([START, ...Object.keys(RUN_ELSEWHERE)].toSorted())
    for (const [file, evidence] of Object.values(RUN_ELSEWHERE)) expect(await text(file)).toContain(evidence)
  })

  test('the gateway starts with the example configuration', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-readme-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const example = await text('gateway/indelible-gateway.example.yaml')
    const anyPort = example.replace(/^ {2}port: \d+$/m, '  port: 0')
    expect(anyPort).not.toBe(example)
    const config = join(folder, 'gateway.yaml')
    await writeFile(config, anyPort)

    const command = START.replace('gateway/indelible-gateway.example.yaml', config)
    const gateway = spawn('/bin/sh', ['-c', command], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    onTestFinished(() => endGroup(gateway))
    expect(await firstJsonLine(gateway)).toMatchObject({
      type: 'listening',
      address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    })
  })

  test('shows the example that is tested', async () => {
    const [example] = blocks(await text('README.md'), 'ts')
    const program = await text('examples/labels.ts')
    expect(program.replace(/^\/\*\*.*?\*\/\n/s, '')).toBe(example)
  })

  test('shows a store block that the gateway takes', async () => {
    const { parse } = await import('yaml')
    const { openSessionStore } = await import('indelible')
    const [block = ''] = blocks(await text('README.md'), 'yaml')
    const { store } = parse(block) as { store: unknown }
    const opened = await openSessionStore(store)
    expect(opened.kind).toBe('valkey')
    await opened.close()
  })

  test('is at most 200 lines long', async () => {
    expect((await text('README.md')).split('\n').length).toBeLessThanOrEqual(200)
  })
})

test('every link and every file that the documentation names is there', async () => {
  const inDocs = (await readdir(join(ROOT, 'docs'), { recursive: true })).map((file) => join('docs', file))
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'SECURITY.md',
    'gateway/README.md',
    ...inDocs,
  ]
  const missing: string[] = []
  for (const page of pages.filter((file) => file.endsWith('.md'))) {
    const markdown = await text(page)
    const links = Array.from(markdown.matchAll(/\]\((?!https?:)([^)#\s]+)/g), ([, link = '']) =>
      join(dirname(page), link),
    )
    const files = Array.from(
      markdown.matchAll(
        /`((?:__test__|src|crates|scripts|gateway|schema|deploy|examples|bench)\/[\w./-]+\w)`/g,
      ),
      ([, file = '']) => file,
    )
    missing.push(
      ...[...links, ...files]
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${page}: ${path}`),
    )
  }
  expect(missing).toEqual([])
})

/** The first line on stdout that is JSON: npm prints what it runs before it. */
async function firstJsonLine(child: ChildProcess): Promise<unknown> {
  if (child.stdout === null) throw new Error('stdout is no pipe')
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{')) return JSON.parse(line)
  }
  throw new Error('ended without a line of JSON')
}

/** Ends npm and all it started. */
async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return
  const ended = once(child, 'close')
  process.kill(-child.pid, 'SIGTERM')
  await ended
}
