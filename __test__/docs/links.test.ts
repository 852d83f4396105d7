// Every link between pages leads to a page, and to a heading of it.

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { page } from './support/page.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const inDocs = (await readdir(join(ROOT, 'docs'), { recursive: true })).map((file) => join('docs', file))
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'gateway/README.md',
  'deploy/README.md',
  ...inDocs,
].filter((file) => file.endsWith('.md'))

/** The anchors of a page's headings, as the forges make them. */
function anchors(markdown: string): Set<string> {
  const prose = markdown.replaceAll(/^```.*?^```$/gms, '')
  return new Set(
    Array.from(prose.matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

test.each(pages)('%s', async (path) => {
  const markdown = await page(path)
  const broken: string[] = []
  for (const [, target = ''] of markdown.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
    const [file = '', anchor] = target.split('#')
    const linked = file === '' ? path : join(dirname(path), file)
    if (!existsSync(join(ROOT, linked))) broken.push(target)
    else if (anchor !== undefined && !anchors(await page(linked)).has(anchor)) broken.push(target)
  }
  expect(broken).toEqual([])
})

test('every page under docs/ is in its table of contents', async () => {
  const contents = await page('docs/README.md')
  const links = contents.matchAll(/\]\(([^)#]+)\)/g)
  const listed = new Set(Array.from(links, ([, target = '']) => join('docs', target)))
  expect(
    inDocs.filter((file) => file.endsWith('.md') && file !== 'docs/README.md' && !listed.has(file)),
  ).toEqual([])
})
