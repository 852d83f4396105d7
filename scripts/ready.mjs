// `npm run ready`: what must hold before a change is handed over: the checks of `npm run lint`, generated files as they
// are generated, and the tests. All of it runs, whatever fails; the end names what did.

import { CommandError, command, script } from './command.mjs'

await script(async () => {
  const failed = []
  for (const step of ['lint', 'check:generated', 'test']) {
    try {
      await command('npm', ['run', step])
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      failed.push(step)
    }
  }
  if (failed.length > 0) throw new CommandError('npm run ready', `failures: ${failed.join(', ')}`)
})
