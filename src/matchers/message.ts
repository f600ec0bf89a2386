/** Parts of a failure message, in the order in which they are printed. */
export interface MessageParts {
  /** `expect(run).toHaveP95Below(150)` */
  readonly call: string
  readonly expected: string
  readonly received: string
  /** Lines of the `Evidence:` block. */
  readonly evidence: readonly string[]
  /** The worst items: `['Slowest', ['POST /api/votes p95 188 ms', …]]`. */
  readonly worst?: { readonly label: string; readonly items: readonly string[] } | undefined
  readonly fix: string
}

const LABEL_WIDTH = 'Expected: '.length

/**
 * The message of every matcher: call, `Expected`, `Received`, `Evidence`, the worst items, `Fix`. Blocks are aligned, and
 * an empty part adds no line.
 */
export function formatMessage({ call, expected, received, evidence, worst, fix }: MessageParts): string {
  const lines = [call, '', ...block('Expected', [expected]), ...block('Received', received.split('\n'))]
  const details = [
    ...block('Evidence', evidence),
    ...(worst === undefined || worst.items.length === 0 ? [] : block(worst.label, [worst.items.join(' · ')])),
    ...block('Fix', fix.split('\n')),
  ]
  return [...lines, '', ...details].join('\n')
}

function block(label: string, lines: readonly string[]): string[] {
  return lines.map((line, at) => (at === 0 ? `${label}:` : '').padEnd(LABEL_WIDTH) + line)
}
