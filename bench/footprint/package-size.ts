import { execFile } from 'node:child_process'
import { readFile, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../scripts/command.mjs'

/** What a package costs whoever installs it, with all that it brings along. */
export interface PackageSize {
  /** Compressed, as it is downloaded. */
  readonly downloadBytes: number
  readonly diskBytes: number
}

const PLATFORM = 'linux-x64-gnu'

/** Our package and that of this platform, as `npm pack` makes them. */
export async function ourSize(): Promise<PackageSize> {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
    cwd: ROOT,
  })
  const [packed] = JSON.parse(stdout) as { size: number; unpackedSize: number }[]
  const addon = await addonFile()
  return {
    downloadBytes: (packed?.size ?? Number.NaN) + (await compressedBytes(dirname(addon), ['*.node'])),
    diskBytes: (packed?.unpackedSize ?? Number.NaN) + (await stat(addon)).size,
  }
}

/** The addon that was built last. */
export async function addonFile(): Promise<string> {
  const folder = join(ROOT, 'native')
  const file = (await readdir(folder)).find((name) => name.endsWith(`${PLATFORM}.node`))
  if (file === undefined) throw new Error('there is no addon in native/')
  return join(folder, file)
}

/** An installed package and all that it depends on, measured in the bench's own `node_modules`. */
export async function installedSize(name: string): Promise<PackageSize> {
  const folder = join(ROOT, 'bench', 'node_modules')
  const names = [...(await closure(folder, name))]
  return {
    downloadBytes: await compressedBytes(folder, names),
    diskBytes: await diskBytes(folder, names),
  }
}

/** A package and everything below it that is installed; what is optional and absent costs nothing. */
async function closure(folder: string, name: string, seen: Set<string> = new Set()): Promise<Set<string>> {
  if (seen.has(name)) return seen
  const text = await readFile(join(folder, name, 'package.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return seen
  seen.add(name)
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(text) as Record<string, object>
  for (const below of Object.keys({ ...dependencies, ...optionalDependencies }))
    await closure(folder, below, seen)
  return seen
}

async function diskBytes(folder: string, names: readonly string[]): Promise<number> {
  let bytes = 0
  for (const name of names) {
    const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true })
    for (const entry of entries) {
      if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
    }
  }
  return bytes
}

/** As npm compresses: a gzipped tar. */
async function compressedBytes(folder: string, patterns: readonly string[]): Promise<number> {
  const script = 'cd "$0" && tar -cz -- $* | wc -c'
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script, folder, ...patterns])
  return Number(stdout)
}
