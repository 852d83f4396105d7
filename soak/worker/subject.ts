/** What a worker puts under load: our store, or a client without any of it. */
export interface Subject {
  append(session: string, label: string, signal: AbortSignal): Promise<AppendEnd>
  load(session: string, signal: AbortSignal): Promise<LoadEnd>
  close(): Promise<void>
}

/** How an append ended. `unknown`: it may have happened. */
export interface AppendEnd {
  readonly result: 'ok' | 'fail' | 'unknown'
  readonly code?: string
}

/** How a load ended. */
export type LoadEnd =
  | { readonly result: 'ok'; readonly labels: readonly string[] }
  | { readonly result: 'fail'; readonly code: string }
