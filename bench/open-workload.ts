import type { LabelContestantModule } from './contestant.js'
import { IncrementWorkload, type IncrementContestant } from './increment-workload.js'
import { LabelWorkload } from './label-workload.js'
import type { RoundSpec } from './round-result.js'
import { SessionWorkload, type SessionContestant } from './session-workload.js'
import type { Workload } from './workload.js'

interface ContestantModule<Contestant> {
  readonly open: (url: string) => Promise<Contestant>
}

/** The workload of a round, with its contestant connected. */
export async function openWorkload({ workload = 'labels', contestant, url }: RoundSpec): Promise<Workload> {
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
  }
}
