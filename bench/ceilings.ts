import { loopAddon } from '../scripts/build-loop.mjs'
import type { Contender } from './contender.js'
import { SUBJECT } from './contestant.js'
import { nodeContender } from './node-contender.js'
import { rawContenders, type RawOptions } from './raw/raw-contender.js'
import { buildRawProgram } from './raw/raw-program.js'

/** Name of the ceiling that leaves out the server. */
export const LOOP = 'loop'

/** The ceilings of a workload, with whatever they need built first. */
export interface Ceilings {
  /** Our API over an engine that answers from memory. */
  readonly loop: Contender
  /** What our store sends, as much of it outstanding as there are callers. */
  readonly raw: Contender
  /** The same, waiting for nobody. */
  readonly unbounded: Contender
}

/** Builds what the ceilings need where that is needed. */
export async function ceilingsOf(options: RawOptions): Promise<Ceilings> {
  const { workload, url, node, nameOf = (name) => name } = options
  await buildRawProgram()
  const env = { INDELIBLE_NATIVE_PATH: await loopAddon() }
  const spec = { workload, contestant: SUBJECT, url }
  const loop = nodeContender('ceiling', spec, { name: nameOf(LOOP), env, node })
  return { loop, ...rawContenders(options) }
}
