import { openCluster } from './cluster.js'
import { openSentinel } from './sentinel.js'
import type { Site, TopologyName } from './site.js'
import { openStandalone } from './standalone.js'

/** Starts the servers of a topology; for the control with the settings that most servers have. */
export async function openSite(topology: TopologyName, control: boolean): Promise<Site> {
  switch (topology) {
    case 'standalone':
      return openStandalone(control)
    case 'sentinel':
      return openSentinel(control)
    case 'cluster':
      return openCluster(control)
  }
}
