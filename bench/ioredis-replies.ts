/**
 * ioredis and iovalkey resolve an aborted transaction to null and put the error of a single command into its pair;
 * neither rejects.
 */
export function requireReplies(replies: readonly (readonly [Error | null, unknown])[] | null): void {
  if (replies === null) throw new Error('the server aborted the transaction')
  for (const [error] of replies) if (error !== null) throw error
}
