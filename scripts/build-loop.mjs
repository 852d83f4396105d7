// Builds the addon with an engine that answers from memory: the loop ceiling of the bench, which shows what JavaScript
// and the crossing cost by themselves.
//
//   node scripts/build-loop.mjs        prints the path of the addon

import { fileURLToPath } from 'node:url'

import { addonVariant } from './addon-variant.mjs'
import { builtProfile } from './bootstrap.mjs'
import { script } from './command.mjs'

/**
 * The addon that needs no server, built first unless there is one of the present sources. Built like the addon that it is
 * compared with: that in native/.
 * @returns {Promise<string>} absolute path of a `.node` file, for INDELIBLE_NATIVE_PATH
 */
export async function loopAddon() {
  return addonVariant('loop', (await builtProfile()) ?? 'release', ['loop-engine'])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await script(async () => void process.stdout.write(`${await loopAddon()}\n`))
}
