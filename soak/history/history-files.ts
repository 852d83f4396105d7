import { createReadStream } from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import type { Operation } from './operation.js'

/** Lines are kept back until they are this long together, so that a busy process does not write at every one. */
const BATCH_CHARACTERS = 65_536

/**
 * The history of one process: JSON lines in a file for each epoch, so that a long run can be judged epoch by epoch and
 * never stands in memory as a whole.
 */
export class HistoryWriter {
  readonly #folder: string
  readonly #process: number
  readonly #epochs = new Map<number, { file: Promise<FileHandle>; text: string; written: Promise<unknown> }>()

  constructor(folder: string, process: number) {
    this.#folder = folder
    this.#process = process
  }

  write(epoch: number, operation: Operation): void {
    let entry = this.#epochs.get(epoch)
    if (entry === undefined) {
      const file = open(join(this.#folder, `${epoch}.${this.#process}.jsonl`), 'a')
      entry = { file, text: '', written: file }
      this.#epochs.set(epoch, entry)
    }
    entry.text += `${JSON.stringify(operation)}\n`
    if (entry.text.length >= BATCH_CHARACTERS) this.#flush(epoch)
  }

  /** Resolves once everything has been written. */
  async close(): Promise<void> {
    for (const epoch of this.#epochs.keys()) this.#flush(epoch)
    for (const { file, written } of this.#epochs.values()) {
      await written
      await (await file).close()
    }
  }

  #flush(epoch: number): void {
    const entry = this.#epochs.get(epoch)
    if (entry === undefined || entry.text === '') return
    const { text } = entry
    entry.text = ''
    entry.written = entry.written.then(async () => (await entry.file).appendFile(text))
  }
}

/** The operations of one epoch, by session, over the files of all processes. */
export async function readEpoch(folder: string, epoch: number): Promise<ReadonlyMap<string, Operation[]>> {
  const sessions = new Map<string, Operation[]>()
  const files = (await readdir(folder)).filter((name) => name.startsWith(`${epoch}.`))
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(join(folder, file), 'utf8') })) {
      const operation = JSON.parse(line) as Operation
      const known = sessions.get(operation.session)
      if (known === undefined) sessions.set(operation.session, [operation])
      else known.push(operation)
    }
  }
  return sessions
}
