/** Name and message of the error that an assertion throws, for snapshots. */
export function messageOf(assert: () => void): string {
  try {
    assert()
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`
    throw error
  }
  throw new Error('nothing was thrown')
}
