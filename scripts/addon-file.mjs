// What can be said of a built addon by looking at the file.

import { stat } from 'node:fs/promises'

import { outputOf } from './command.mjs'

/**
 * @typedef {object} Limits
 * @property {number} maxBytes
 * @property {string} glibc   the oldest version that it must run on
 */

/**
 * What the addon for Linux x64 is shipped within: 3 MB, and the glibc of CentOS 7 and everything since.
 * @type {Limits}
 */
export const SHIPPED = { maxBytes: 3_000_000, glibc: '2.17' }

/**
 * What keeps an addon for Linux from being shipped; empty when nothing does.
 * @param {string} file
 * @param {Limits} limits
 * @returns {Promise<string[]>}
 */
export async function shippingProblems(file, { maxBytes, glibc } = SHIPPED) {
  const { size } = await stat(file)
  const needed = await glibcFloor(file)
  const problems = []
  if (size > maxBytes) problems.push(`it has ${size} bytes, and ${maxBytes} are allowed`)
  if (needed === undefined) problems.push('it names no version of glibc, or `objdump` cannot read it')
  else if (compareVersions(needed, glibc) > 0)
    problems.push(`it needs glibc ${needed}, and must run on ${glibc}`)
  return problems
}

/**
 * The newest version of glibc that a file has symbols of.
 * @param {string} file
 */
async function glibcFloor(file) {
  const symbols = (await outputOf('objdump', ['-T', file])) ?? ''
  return Array.from(symbols.matchAll(/GLIBC_([\d.]+)/g), ([, version = '']) => version)
    .toSorted(compareVersions)
    .at(-1)
}

/**
 * @param {string} left
 * @param {string} right
 */
function compareVersions(left, right) {
  return left.localeCompare(right, 'en', { numeric: true })
}
