// Running other programs from the scripts of this folder.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the checkout. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** A program that was run ended with another status than 0. */
export class CommandError extends Error {
  /**
   * @param {string} line
   * @param {number | string} status   exit status, name of a signal, or why it could not be run
   */
  constructor(line, status) {
    super(`\`${line}\` ended with ${status}`)
    this.name = 'CommandError'
  }
}

/**
 * @typedef {object} CommandOptions
 * @property {NodeJS.ProcessEnv} [env]   added to our environment
 * @property {string} [cwd]   default: the root of the checkout
 * @property {(text: string) => void} [onOutput]   sees what the program prints on stdout, while it runs
 * @property {boolean} [echo]   false: what `onOutput` sees is not shown as well
 */

/**
 * Runs a program, its output going where ours goes; those that npm installed are found by name.
 * Rejects with `CommandError` unless it ends with status 0.
 * @param {string} program
 * @param {readonly string[]} [args]
 * @param {CommandOptions} [options]
 * @returns {Promise<void>}
 */
export async function command(program, args = [], { env = {}, cwd = ROOT, onOutput, echo = true } = {}) {
  const line = [program, ...args].join(' ')
  const path = `${ROOT}/node_modules/.bin:${process.env['PATH'] ?? ''}`
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, PATH: path, ...env },
    stdio: ['ignore', onOutput === undefined ? 'inherit' : 'pipe', 'inherit'],
  })
  child.stdout?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    onOutput?.(text)
    if (echo) process.stdout.write(text)
  })
  /** @type {[number | null, NodeJS.Signals | null]} */
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new CommandError(line, error.message)))
    child.once('close', (...status) => resolve(status))
  })
  if (code !== 0) throw new CommandError(line, code ?? signal ?? 'no status')
}

/**
 * What a program prints on stdout, silently; undefined when it cannot be run or fails.
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<string | undefined>}
 */
export async function outputOf(program, args) {
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  try {
    const [code] = await once(child, 'close')
    return code === 0 ? output : undefined
  } catch {
    return undefined // not there
  }
}

/**
 * Runs `main` as the body of a script: an error ends the process with status 1 and its message on stderr.
 * @param {() => Promise<void>} main
 */
export async function script(main) {
  try {
    await main()
  } catch (error) {
    const text =
      error instanceof CommandError ? error.message : error instanceof Error ? error.stack : String(error)
    process.stderr.write(`${text}\n`)
    process.exitCode = 1
  }
}
