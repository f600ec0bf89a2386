/** What a command selected, and what it found. */
export interface Selection {
  /** Full names of all tests in the selected files, already redacted. */
  readonly names: readonly string[]
  /** Pattern of `-t`. */
  readonly pattern?: RegExp | undefined
  /** Expressions of `--tags-filter`. */
  readonly tags?: readonly string[] | undefined
  /** Part of a divided command, which may have none of the tests selected. */
  readonly shard?: object | undefined
  readonly passWithNoTests?: boolean | undefined
}

/** Names that the message lists. */
const MAX_NAMES = 10

/**
 * Message of a command that found tests and started none. It fails if it selects tests by name or tags: a misspelled
 * selection would pass forever.
 */
export function describeNothingRan({ names, pattern, tags = [], shard, passWithNoTests = false }: Selection): {
  readonly message: string
  readonly fails: boolean
} {
  const selected = [
    ...(pattern === undefined ? [] : [`-t ${pattern.source}`]),
    ...tags.map((expression) => `--tags-filter ${expression}`),
  ]
  if (selected.length === 0 || passWithNoTests || shard !== undefined)
    return { message: `nothing ran: all scenarios are skipped, or not selected (${names.length})`, fails: false }
  const others = names.length - MAX_NAMES
  const listed = [...names.slice(0, MAX_NAMES), ...(others > 0 ? [`and ${others} more`] : [])]
  const message =
    `nothing ran: no scenario matches ${selected.join(' ')}, or those that match are skipped. There are:\n` +
    listed.map((name) => `  ${name}\n`).join('') +
    'Fix: correct the selection, or set passWithNoTests'
  return { message, fails: true }
}
