/** What a failure message is made of, in the order it is printed. */
export interface MessageParts {
  /** `expect(run).toHaveP95Below(150)` */
  readonly call: string
  readonly expected: string
  readonly received: string
  /** Lines of the `Evidence:` block. */
  readonly evidence: readonly string[]
  /** Where the trouble lies: `['Slowest', ['POST /api/votes p95 188 ms', …]]`. */
  readonly worst?: { readonly label: string; readonly items: readonly string[] } | undefined
  readonly hint?: string | undefined
}

const LABEL_WIDTH = 'Expected: '.length

/**
 * The one form in which every matcher speaks: call, `Expected`, `Received`, `Evidence`, the worst parts, `Hint`; blocks
 * are aligned, and a part that does not exist leaves no line behind.
 */
export function formatMessage({ call, expected, received, evidence, worst, hint }: MessageParts): string {
  const lines = [call, '', ...block('Expected', [expected]), ...block('Received', received.split('\n'))]
  const details = [
    ...block('Evidence', evidence),
    ...(worst === undefined || worst.items.length === 0 ? [] : block(worst.label, [worst.items.join(' · ')])),
    ...(hint === undefined ? [] : block('Hint', hint.split('\n'))),
  ]
  if (details.length > 0) lines.push('', ...details)
  return lines.join('\n')
}

function block(label: string, lines: readonly string[]): string[] {
  return lines.map((line, at) => (at === 0 ? `${label}:` : '').padEnd(LABEL_WIDTH) + line)
}
