/** What can be measured, and what it is about. */
export const SUITES = {
  labels: 'loads and appends of session labels against four other clients, and two ceilings (default)',
  safety: 'the same with and without proof, generation and ratchet',
  storage: 'counters and session records against rate-limiter-flexible, connect-redis, connect-valkey',
  tls: 'loads and appends under TLS against ioredis',
  topology: 'a cluster of three primaries, Sentinel, and appends that wait for a replica',
  gateway: 'CPU time that the gateway adds to a request',
  latency: 'what happens past saturation: tail latency, typed overload, memory',
  growth: 'cost against labels, their length, label sets, sessions, callers and stores, as curves',
  footprint: 'start-up, memory and size of the packages',
} as const

export type Suite = keyof typeof SUITES
