/**
 * How long does it take to mask the secrets of 1 MB? Prints the slowest of several hundred kinds of text: after other
 * texts, in the first call of a process, and how the time grows with the length. CPU time, as other processes do not add
 * to it.
 *
 *     npm run bench:redaction
 *
 * Every text should take less than 100 ms, and the time should double with the length.
 */
import { execFileSync } from 'node:child_process'
import { redactText } from '../src/options/redact.ts'
import { kindsOfText, textOf, type TextKind } from './redaction-texts.ts'

const MEGABYTE = 1_000_000
const SHOWN = 10
const SLOW = 30
const SECRETS = Array.from({ length: 100 }, (_, n) => `secret/${n * 7919}`)

function timeOf(kind: TextKind, length: number, secrets: readonly string[] = []): number {
  // Flat, as the first search would flatten a text of many parts.
  const text = Buffer.from(textOf(kind, length)).toString()
  const before = process.cpuUsage()
  redactText(text, secrets)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

type Row = readonly [ms: number, name: string]

function print(title: string, rows: readonly Row[]): void {
  console.log(`\n${title}`)
  const slowest = rows.toSorted(([one], [other]) => other - one).slice(0, SHOWN)
  for (const [ms, name] of slowest) console.log(`  ${ms.toFixed(0).padStart(5)} ms  ${name.slice(0, 100)}`)
}

const kinds = kindsOfText(1, 60)
const only = process.env['BENCH_TEXT']
if (only === undefined) {
  // A part is enough to find the slow ones.
  const rough = kinds.map((kind, at) => ({ at, kind, ms: timeOf(kind, MEGABYTE / 8) }))
  const slow = rough.toSorted((one, other) => other.ms - one.ms).slice(0, SLOW)
  const warm = slow.map(({ kind }): Row => [Math.min(...[1, 2, 3].map(() => timeOf(kind, MEGABYTE))), kind.name])
  console.log(`${kinds.length} kinds of text, ${warm.filter(([ms]) => ms > 100).length} above 100 ms for 1 MB`)
  print('slowest', warm)
  const cold = slow.map(({ at, kind }): Row => {
    const env = { ...process.env, BENCH_TEXT: String(at) }
    return [Number(execFileSync(process.execPath, [import.meta.filename], { env })), kind.name]
  })
  print('slowest in the first call of a process', cold)
  const known = slow.map(({ kind }): Row => [timeOf(kind, MEGABYTE, SECRETS), kind.name])
  print(`slowest with ${SECRETS.length} registered secrets`, known)
  console.log('\n1, 2 and 4 MB')
  for (const { kind } of slow.slice(0, SHOWN)) {
    const times = [1, 2, 4].map((size) => Math.min(...[1, 2].map(() => timeOf(kind, size * MEGABYTE))))
    console.log(`  ${times.map((ms) => ms.toFixed(0).padStart(5)).join('')} ms  ${kind.name.slice(0, 100)}`)
  }
} else console.log(timeOf(kinds[Number(only)]!, MEGABYTE))
