// One line of the ledger: the same events once without the mechanism and once with it.

import { beforeAll, test } from 'vitest'

import { switchedAddon } from '../../../scripts/build-switched.mjs'
import { type Build, type Mechanism } from './remote-store.js'

/** Longest that building the switched addon may take, in milliseconds: everything is compiled anew. */
const BUILD_LIMIT_MS = 900_000

/** Registers a hook that has the switched addon built before the tests of this file. */
export function needsSwitchedAddon(): void {
  beforeAll(async () => void (await switchedAddon()), BUILD_LIMIT_MS)
}

/** How a line is shown. */
export interface Line<Seen> {
  /** The mechanisms that stop this loss: switched off for `lost`. */
  readonly off: readonly Mechanism[]
  /** Lets it happen with a store of this build, and answers what the store's user got to see. */
  readonly happen: (build: Build) => Promise<Seen>
  /** Asserts that the loss went unnoticed. */
  readonly lost: (seen: Seen) => void
  /** Asserts that it did not. */
  readonly stopped: (seen: Seen) => void
}

/* oxlint-disable vitest/expect-expect -- `lost` and `stopped` are the assertions */
/** Registers both tests of one line: the loss without its mechanism, and the shipped addon stopping it. */
export function line<Seen>(title: string, { off, happen, lost, stopped }: Line<Seen>): void {
  test(`${title}: lost without ${off.join(' and ')}`, async () => {
    lost(await happen({ addon: 'switched', off }))
  })
  test(`${title}: stopped`, async () => {
    stopped(await happen({ addon: 'shipped' }))
  })
}
