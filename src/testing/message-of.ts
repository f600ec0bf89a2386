/** The whole message a failing assertion throws, for snapshots; its stack is checked where the runner prints it. */
export function messageOf(assert: () => void): string {
  try {
    assert()
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`
    throw error
  }
  throw new Error('nothing was thrown')
}
