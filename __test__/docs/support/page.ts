// Pages of the documentation as the tests read them.

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** The text of a file of the repository. */
export async function page(path: string): Promise<string> {
  return readFile(`${ROOT}${path}`, 'utf8')
}

/** The contents of the fenced blocks of `language`. */
export function blocks(markdown: string, language: string): string[] {
  const fenced = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')
  return Array.from(markdown.matchAll(fenced), ([, body = '']) => body)
}

/**
 * The cells of the table between `<!-- table: name -->` and `<!-- end of table: name -->`, without its head. Throws when
 * there is none: a test about nothing must not pass.
 */
export function tableRows(markdown: string, name: string): string[][] {
  const [, body] = markdown.split(`<!-- table: ${name} -->`)
  const [table = '', end] = body?.split(`<!-- end of table: ${name} -->`) ?? []
  const lines = table.trim().split('\n').slice(2)
  if (end === undefined || lines.length === 0) throw new Error(`no table "${name}"`)
  return lines.map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  )
}

/** The `code` words of a cell. */
export function words(cell: string | undefined): string[] {
  return Array.from((cell ?? '').matchAll(/`([^`]+)`/g), ([, word = '']) => word)
}
