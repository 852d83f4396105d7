/** Names the file with the certificate that the contestants of the TLS suite trust. */
export const AUTHORITY_VARIABLE = 'INDELIBLE_BENCH_CA'

/** @throws Outside of a round of the TLS suite. */
export function authorityFile(): string {
  const file = process.env[AUTHORITY_VARIABLE]
  if (file === undefined) throw new Error(`${AUTHORITY_VARIABLE} is not set`)
  return file
}
