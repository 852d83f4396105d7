import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { chartsOf } from './charts.js'
import { filled } from './page.js'
import { keepResult, readResults, type RunDocument } from './results.js'

const DOCS = new URL('../../docs/', import.meta.url)

/** What the results make of the documents: the text of each file, by its path below `docs/`. */
export async function rendered(): Promise<Map<string, string>> {
  const results = await readResults()
  const page = await readFile(new URL('benchmarks.md', DOCS), 'utf8')
  return new Map([['benchmarks.md', filled(page, results)], ...results.flatMap(chartsOf)])
}

/** Keeps a run and writes the tables and charts that follow from all that is kept. */
export async function publish(run: RunDocument): Promise<void> {
  await keepResult(run)
  await mkdir(new URL('charts/', DOCS), { recursive: true })
  for (const [path, content] of await rendered()) await writeFile(new URL(path, DOCS), content)
}
