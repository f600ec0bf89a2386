import { expect, test } from 'vitest'
import { sampleMergedRun } from '../../testing/sample-records.ts'
import { generatorLines } from './generator-lines.ts'
import type { Paint } from './style.ts'

const plain: Paint = (_format, text) => text
const run = sampleMergedRun()
const { generators = [] } = run

test('shows a row for each generator', () => {
  expect(generatorLines(run, 100, plain).join('\n')).toMatchInlineSnapshot(`
    "generator  node                     offered   sent      p50      p95     p99    skew  CPU
            1  node-a                     1,500  1,500  31.6 ms  50.7 ms  150 ms  0.4 ms  31%
            2  node-b                     1,500  1,500  31.6 ms  50.7 ms  150 ms  0.8 ms  48%
            3  lost at 21.0 s (node-c)        –      –        –        –       –       –    –
            4  node-d.example.internal    1,500  1,500  31.6 ms  50.7 ms  150 ms  1.6 ms  33%"
  `)
})

test('shows the figures of each generator on their own lines in a narrow terminal', () => {
  const lines = generatorLines(run, 44, plain)
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "generator 1, node-a
      offered 1,500  sent 1,500  p50 31.6 ms
      p95 50.7 ms  p99 150 ms  skew 0.4 ms
      CPU 31%
    generator 2, node-b
      offered 1,500  sent 1,500  p50 31.6 ms
      p95 50.7 ms  p99 150 ms  skew 0.8 ms
      CPU 48%
    generator 3, lost at 21.0 s (node-c)
    generator 4, node-d.example.internal
      offered 1,500  sent 1,500  p50 31.6 ms
      p95 50.7 ms  p99 150 ms  skew 1.6 ms
      CPU 33%"
  `)
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(44)
})

test('shows the lost and the slowest of many generators', () => {
  const many = Array.from({ length: 64 }, (_, at) => ({
    ...generators[0]!,
    number: at + 1,
    times: { ...generators[0]!.times!, p95Ms: 100 + ((at * 7) % 64) },
  }))
  const all = many.map((each) => (each.number === 40 ? { number: 40, isLost: true as const } : each))
  const lines = generatorLines({ ...run, generators: all }, 100, plain)
  expect(lines).toHaveLength(1 + 16 + 1)
  expect(lines.find((line) => line.trimStart().startsWith('40 '))).toContain('lost')
  expect(lines.at(-1)).toBe('48 more generators are in the HTML report')
})
