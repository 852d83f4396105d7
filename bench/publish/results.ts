import { readFile, readdir, writeFile } from 'node:fs/promises'
import type { Cell } from '../cell.js'
import type { Goal } from '../goal.js'
import type { RunConditions } from '../machine.js'
import type { BenchOptions } from '../options.js'
import type { Suite } from '../suite.js'
import type { SuiteReport } from '../suite-report.js'

const FOLDER = new URL('../results/', import.meta.url)

/** A finished run, with every round. */
export interface RunDocument extends SuiteReport {
  readonly suite: Suite
  readonly options: BenchOptions
  readonly conditions: RunConditions & { readonly server: string }
}

/** A run as it is kept: medians and ranges, without the single rounds. */
export interface PublishedResult extends SuiteReport {
  readonly suite: Suite
  readonly rounds: number
  readonly seconds: number
  readonly conditions: RunDocument['conditions']
}

/** Every published result, in the order of their names. */
export async function readResults(): Promise<PublishedResult[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.json')).toSorted()
  return await Promise.all(
    files.map(async (file) => JSON.parse(await readFile(new URL(file, FOLDER), 'utf8')) as PublishedResult),
  )
}

/** Keeps a run. What it did not measure of its suite (`--callers`) stays as it was. */
export async function keepResult(run: RunDocument): Promise<void> {
  const before = (await readResults()).find(({ suite }) => suite === run.suite)
  const { suite, options, conditions, curves, facts } = run
  const kept: PublishedResult = {
    suite,
    rounds: options.rounds,
    seconds: options.seconds,
    conditions,
    cells: merged(before?.cells ?? [], run.cells.map(withoutRounds), ({ callers }) => callers),
    goals: merged(before?.goals ?? [], run.goals, ({ id }) => id),
    ...(curves === undefined ? {} : { curves }),
    ...(facts === undefined ? {} : { facts }),
  }
  await writeFile(new URL(`${suite}.json`, FOLDER), `${JSON.stringify(kept, rounded, 1)}\n`)
}

/** The newer items, and of the older ones those that nothing newer takes the place of. */
function merged<T>(older: readonly T[], newer: readonly T[], key: (item: T) => Goal['id'] | number): T[] {
  const replaced = new Set(newer.map(key))
  return [...older.filter((item) => !replaced.has(key(item))), ...newer]
}

function withoutRounds(cell: Cell): Cell {
  return { ...cell, rounds: [] }
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
}
