// The image of a test file that boots compose files, and what happens on a machine that cannot.

import { afterAll, beforeAll, beforeEach } from 'vitest'

import { DeploymentImage } from './deployment-image.js'
import { composeCommand } from './project.js'

/** True when a missing container engine must fail the run instead of skipping tests. */
const required = process.env['REQUIRE_CONTAINER_TESTS'] === '1'

/**
 * Has an image made before the tests of the calling file, and removed after them. Without a container engine they are
 * skipped, unless `REQUIRE_CONTAINER_TESTS` is `1`.
 *
 * @returns the name of the image, which is there while tests and `boot` run.
 * @param boot runs once the image is there; what it resolves to is disposed of before the image.
 */
export function ownImage(boot?: (image: string) => Promise<AsyncDisposable>): () => string {
  let image: DeploymentImage | undefined
  let booted: AsyncDisposable | undefined
  let missing: string | undefined

  beforeAll(async () => {
    try {
      await composeCommand()
    } catch (error) {
      if (required) throw error
      missing = `no container engine with Compose: ${(error as Error).message.trim()}`
      process.stderr.write(`\nSKIPPED: ${missing}\n`)
      return
    }
    image = await DeploymentImage.make()
    booted = await boot?.(image.name)
  }, 120_000)
  beforeEach((context) => context.skip(missing !== undefined, missing))
  afterAll(async () => {
    await booted?.[Symbol.asyncDispose]()
    await image?.[Symbol.asyncDispose]()
  }, 60_000)

  return () => {
    if (image === undefined) throw new Error('the image is made before the first test')
    return image.name
  }
}
