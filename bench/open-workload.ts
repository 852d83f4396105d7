import type { LabelContestant, LabelContestantModule } from './contestant.js'
import { GrowthWorkload } from './growth/growth-workload.js'
import { USUAL, type Shape } from './growth/shape.js'
import { IncrementWorkload, type IncrementContestant } from './increment-workload.js'
import { LabelWorkload } from './label-workload.js'
import type { RoundSpec } from './round-result.js'
import { SessionWorkload, type SessionContestant } from './session-workload.js'
import { AppendWorkload } from './topology/append-workload.js'
import type { Workload } from './workload.js'

interface ContestantModule<Contestant> {
  readonly open: (url: string) => Promise<Contestant>
}

interface GrowthContestantModule {
  readonly open: (url: string, shape: Shape) => Promise<LabelContestant>
}

/** The workload of a round, with its contestant connected. */
export async function openWorkload(spec: RoundSpec): Promise<Workload> {
  const { workload = 'labels', contestant, url } = spec
  switch (workload) {
    case 'labels': {
      const { open } = (await import(`./contestants/${contestant}.js`)) as LabelContestantModule
      return new LabelWorkload(await open(url))
    }
    case 'increments': {
      const module: unknown = await import(`./contestants/increments/${contestant}.js`)
      return new IncrementWorkload(await (module as ContestantModule<IncrementContestant>).open(url))
    }
    case 'sessions': {
      const module: unknown = await import(`./contestants/sessions/${contestant}.js`)
      return new SessionWorkload(await (module as ContestantModule<SessionContestant>).open(url))
    }
    case 'appends': {
      const { open } = (await import(`./contestants/appends/${contestant}.js`)) as LabelContestantModule
      return new AppendWorkload(await open(url))
    }
    case 'growth': {
      const module: unknown = await import(`./contestants/growth/${contestant}.js`)
      const shape: Shape = { ...USUAL, ...spec.shape }
      return new GrowthWorkload(await (module as GrowthContestantModule).open(url, shape), shape)
    }
  }
}
