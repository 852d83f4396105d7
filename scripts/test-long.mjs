// `npm run test:long`: the tests of __test__/long in full, of which `npm test` runs a hundredth.
//
//   npm run test:long -- [FILTER…]      those whose path contains a filter

import { bootstrap } from './bootstrap.mjs'
import { command, script } from './command.mjs'

await script(async () => {
  await bootstrap()
  const filters = process.argv.slice(2)
  await command('vitest', ['run', ...(filters.length === 0 ? ['__test__/long'] : filters)], {
    env: { INDELIBLE_TEST_LONG: '1', REQUIRE_VALKEY_TESTS: '1' },
  })
})
