/**
 * How long does it take to mask the secrets of 1 MB? Prints the slowest of several hundred kinds of text: after other
 * texts, in the first call of a process, and how the time grows with the length. It judges the CPU time of the thread, for
 * which masking blocks it: other processes do not add to it. The elapsed time is printed after it.
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

interface Time {
  /** CPU time of the thread. */
  readonly cpuMs: number
  /** Elapsed time, longer if other processes run. */
  readonly wallMs: number
}

function timeOf(kind: TextKind, length: number, secrets: readonly string[] = []): Time {
  // Flat, as the first search would flatten a text of many parts.
  const text = Buffer.from(textOf(kind, length)).toString()
  const [start, before] = [performance.now(), process.threadCpuUsage()]
  redactText(text, secrets)
  const { user, system } = process.threadCpuUsage(before)
  return { cpuMs: (user + system) / 1000, wallMs: performance.now() - start }
}

/** The shortest of several times, as the garbage collector only adds to them. */
function shortestOf(count: number, kind: TextKind, length: number, secrets: readonly string[] = []): Time {
  const times = Array.from({ length: count }, () => timeOf(kind, length, secrets))
  return times.reduce((least, time) => (time.cpuMs < least.cpuMs ? time : least))
}

type Row = readonly [time: Time, name: string]

function print(title: string, rows: readonly Row[]): void {
  console.log(`\n${title} (CPU time, elapsed time)`)
  const slowest = rows.toSorted(([one], [other]) => other.cpuMs - one.cpuMs).slice(0, SHOWN)
  for (const [{ cpuMs, wallMs }, name] of slowest) console.log(`  ${ms(cpuMs)}${ms(wallMs)}  ${name.slice(0, 100)}`)
}

function ms(time: number): string {
  return `${time.toFixed(0).padStart(5)} ms`
}

const kinds = kindsOfText(1, 60)
const only = process.env['BENCH_TEXT']
if (only === undefined) {
  // A part is enough to find the slow ones.
  const rough = kinds.map((kind, at) => ({ at, kind, ...timeOf(kind, MEGABYTE / 8) }))
  const slow = rough.toSorted((one, other) => other.cpuMs - one.cpuMs).slice(0, SLOW)
  const warm = slow.map(({ kind }): Row => [shortestOf(3, kind, MEGABYTE), kind.name])
  const above = warm.filter(([{ cpuMs }]) => cpuMs > 100).length
  console.log(`${kinds.length} kinds of text, ${above} above 100 ms for 1 MB`)
  print('slowest', warm)
  const cold = slow.map(({ at, kind }): Row => {
    const env = { ...process.env, BENCH_TEXT: String(at) }
    return [
      JSON.parse(execFileSync(process.execPath, [import.meta.filename], { env, encoding: 'utf8' })) as Time,
      kind.name,
    ]
  })
  print('slowest in the first call of a process', cold)
  const known = slow.map(({ kind }): Row => [shortestOf(3, kind, MEGABYTE, SECRETS), kind.name])
  print(`slowest with ${SECRETS.length} registered secrets`, known)
  console.log('\n1, 2 and 4 MB (CPU time)')
  for (const { kind } of slow.slice(0, SHOWN)) {
    const times = [1, 2, 4].map((size) => shortestOf(2, kind, size * MEGABYTE).cpuMs)
    console.log(`  ${times.map(ms).join('')}  ${kind.name.slice(0, 100)}`)
  }
} else console.log(JSON.stringify(timeOf(kinds[Number(only)]!, MEGABYTE)))
