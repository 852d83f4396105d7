// Builds the addon with test switches: a second build, beside the one that is shipped, in which a test can turn a
// single safety mechanism off or make one stage panic.
//
//   node scripts/build-switched.mjs        prints the path of the addon

import { fileURLToPath } from 'node:url'

import { addonVariant } from './addon-variant.mjs'
import { script } from './command.mjs'

/**
 * The switched addon, built first unless there is one of the present sources.
 * @returns {Promise<string>} absolute path of a `.node` file, for INDELIBLE_NATIVE_PATH
 */
export function switchedAddon() {
  return addonVariant('switched', 'fast', ['test-switches'])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await script(async () => void process.stdout.write(`${await switchedAddon()}\n`))
}
