/** The part of a Vitest reporter that keeps some lines at the bottom of the terminal. */
interface Window {
  createSummary(): string[]
  readonly renderer: { schedule(): void }
}

export interface WindowExtension {
  /** Has the lines drawn again soon. */
  refresh(): void
  /** Gives the window back as it was. */
  detach(): void
}

/**
 * Adds lines under the window that Vitest's own reporter (`default`, `verbose`, `tree`, `dot`) draws in a terminal. Two
 * windows would paint over each other; so there is one, and Vitest draws it. The window is not part of Vitest's public
 * interface: where it does not look as expected, nothing is touched and `undefined` is returned.
 */
export function extendWindow(
  reporters: readonly unknown[],
  lines: () => readonly string[],
): WindowExtension | undefined {
  const window = reporters.map(windowOf).find((found) => found !== undefined)
  if (window === undefined) return undefined
  const original = window.createSummary.bind(window)
  window.createSummary = () => {
    const added = lines()
    return added.length === 0 ? original() : [...original(), ...added, '']
  }
  return {
    refresh: () => window.renderer.schedule(),
    detach: () => {
      window.createSummary = original
    },
  }
}

function windowOf(reporter: unknown): Window | undefined {
  const candidates = [(reporter as { summary?: unknown } | undefined)?.summary, reporter]
  return candidates.find(isWindow)
}

function isWindow(candidate: unknown): candidate is Window {
  const { createSummary, renderer } = (candidate ?? {}) as Partial<Window>
  return typeof createSummary === 'function' && typeof renderer?.schedule === 'function'
}
