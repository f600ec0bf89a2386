import { expect, test } from 'vitest'
import type { AssertionResult } from '../../results/result.ts'
import { FAILED, PASSED } from '../../testing/sample-records.ts'
import { objectives } from './objectives.ts'

function cellsOf(assertions: readonly AssertionResult[]): readonly string[] {
  const { text } = objectives(assertions)
  return [...text.matchAll(/<tr>([^]*?)<\/tr>/g)].map(([, row]) =>
    [...row!.matchAll(/<t[hd][^>]*>([^]*?)<\/t[hd]>/g)]
      .map(([, cell]) =>
        cell!
          .replace(/<[^>]*>/g, '')
          .replace(/\s+/g, ' ')
          .trim(),
      )
      .join(' | '),
  )
}

test('shows limit, figure, interval and margin in columns of their own', () => {
  const interval = { low: 158, high: 169, confidence: 0.95 }
  const received = 'p95 = 163 ms (+8.7%), 95% interval 158–169 ms'
  const measured = { ...PASSED, outcome: 'failed', received, limit: 150, value: 163, unit: 'ms', interval } as const
  const errors = { ...FAILED, received: 'error rate = 4% (40 times the limit)', limit: 0.001, value: 0.04 } as const
  expect(cellsOf([measured, { ...errors, unit: 'ratio' }])).toEqual([
    'Assertion | Outcome | Objective | Received | Interval | Margin',
    'toHaveP95Below(150) | × Failed | p95 &lt; 150 ms | p95 = 163 ms | 158 ms to 169 ms (95%) | 8.7% above the limit',
    'toHaveErrorRateBelow(0.001) | × Failed | error rate &lt; 0.1% | error rate = 4% |  | 40 times the limit',
  ])
})

test('has no columns without content, and keeps further lines of what was received', () => {
  const received = 'the target exited\nuntil then: p95 = 163 ms'
  expect(cellsOf([{ ...PASSED, outcome: 'failed', received }])).toEqual([
    'Assertion | Outcome | Objective | Received',
    'toHaveP95Below(150) | × Failed | p95 &lt; 150 ms | the target exited until then: p95 = 163 ms',
  ])
})
