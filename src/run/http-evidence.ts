import type { Phase } from '../load/load.ts'
import { samplesForPercentile } from './usable.ts'
import { formatCount, formatMs, formatRatio, significant } from '../stats/units.ts'
import type { GeneratorHealth } from './generator.ts'
import { phasesIn, scopeDurationMs, type Scope, type ScopeTotals } from './http-scope.ts'

/** What the lines of an evidence block are made of. */
export interface EvidenceSubject {
  readonly totals: ScopeTotals
  readonly scope: Scope
  readonly phases: readonly Phase[]
  /** In one line. */
  readonly load: string
  readonly generator: GeneratorHealth
  readonly abortReason: string | undefined
}

/** The `Evidence:` block of a failure message, first line first. */
export function evidenceLines({
  totals,
  scope,
  phases,
  load,
  generator,
  abortReason,
}: EvidenceSubject): readonly string[] {
  const { offered, completed } = totals.sum
  const seconds = (scopeDurationMs(phases, scope) / 1000).toFixed(1)
  const lines = [
    `${scopeName(phases, scope)}, ${seconds} s, ${formatCount(completed)} of ${formatCount(offered)} requests, ${load}`,
    ...timesLine(totals),
    [errorsPart(totals), droppedPart(totals), unansweredPart(totals), generatorPart(generator)]
      .filter(Boolean)
      .join('   '),
  ]
  return abortReason === undefined ? lines : [...lines, `aborted: ${abortReason}`]
}

/** `steady phase`, `spike phase, step me`, `10–20 s`. */
export function scopeName(phases: readonly Phase[], scope: Scope): string {
  const names = [...new Set(phasesIn(phases, scope).map((at) => phases[at]!.name))]
  const { between, step, tag } = scope
  const time = between === undefined ? [] : [`${between[0] / 1000}–${between[1] / 1000} s`]
  const phase = names.length === 0 ? [] : [`${names.join(' and ')} ${names.length === 1 ? 'phase' : 'phases'}`]
  return [
    ...phase,
    ...time,
    ...(step === undefined ? [] : [`step ${step}`]),
    ...(tag === undefined ? [] : [`tag ${tag}`]),
  ].join(', ')
}

function timesLine({ sum: { latency, serviceTime } }: ScopeTotals): string[] {
  if (latency.count === 0) return []
  const at = (p: number) => significant(latency.percentileUs(p) / 1000, 3)
  const shown = [50, 90, 95, 99].map((p) => `p${p} ${at(p / 100)}`).join('   ')
  const service = formatMs(serviceTime.percentileUs(0.95) / 1000)
  return [`${shown}   max ${significant(latency.maxUs / 1000, 3)} ms   service-time p95 ${service}`]
}

function errorsPart({ sum }: ScopeTotals): string {
  const ratio = sum.offered === 0 ? 0 : sum.errorCount / sum.offered
  const commonest = [...sum.details].toSorted((a, b) => b[1] - a[1]).slice(0, 3)
  const kinds = commonest.map(([detail, count]) => `${formatCount(count)} × ${detail}`).join(', ')
  return `errors ${formatRatio(ratio)}${kinds === '' ? '' : ` (${kinds})`}`
}

function droppedPart({ sum: { dropped, offered } }: ScopeTotals): string {
  return dropped === 0 ? 'dropped 0' : `dropped ${formatCount(dropped)} (${formatRatio(dropped / offered)})`
}

function unansweredPart({ sum: { sent, completed } }: ScopeTotals): string {
  return sent === completed ? '' : `unanswered ${formatCount(sent - completed)}`
}

function generatorPart({ scheduleDelay, eventLoopDelay, cpuRatio }: GeneratorHealth): string {
  const delay =
    scheduleDelay === undefined
      ? `event-loop delay p99 ${formatMs(eventLoopDelay.p99Ms)}`
      : `schedule delay p99 ${formatMs(scheduleDelay.p99Ms)}`
  return `generator: ${delay}, CPU ${formatRatio(cpuRatio)}`
}

/** What the figures suggest to do next. */
export function hintFor(totals: ScopeTotals, origin: string, vusNeeded: number | undefined): string | undefined {
  const { sum } = totals
  return (
    connectHint(totals, origin) ??
    statusHint(totals) ??
    bodyHint(totals) ??
    waitHint(totals, vusNeeded) ??
    resetHint(sum.errors)
  )
}

function connectHint({ sum }: ScopeTotals, origin: string): string | undefined {
  const count = sum.errors.get('connect') ?? 0
  if (count === 0 || count < sum.offered * 0.01) return undefined
  const code = [...sum.details.keys()].find((detail) => /^E[A-Z]+$/.test(detail))
  return `${formatCount(count)} requests found no connection to ${origin}${code === undefined ? '' : ` (${code})`}: is the target running, and does it accept that many?`
}

const STATUS_HINTS: Readonly<Record<number, string>> = {
  401: 'check the authorization header and the rows given as data',
  403: 'check what the users given as data may do',
  404: 'check the path and the base URL',
  405: 'check the method',
  415: 'check the content type',
  429: "the target's rate limit answered; expect 429 in expectStatus where that is as it should be",
}

function statusHint({ sum }: ScopeTotals): string | undefined {
  const [status, count] = [...sum.statuses].toSorted((a, b) => b[1] - a[1])[0] ?? []
  if (status === undefined || count! < sum.completed * 0.9 || !sum.details.has(String(status))) return undefined
  const all = count === sum.completed ? 'every answer was' : 'nearly every answer was'
  return `${all} ${status}${status in STATUS_HINTS ? `: ${STATUS_HINTS[status]}` : ''}`
}

function bodyHint({ sum }: ScopeTotals): string | undefined {
  const count = sum.errors.get('body') ?? 0
  if (count === 0 || count * 2 < sum.errorCount) return undefined
  const detail = [...sum.details]
    .filter(([text]) => /^(extract|check|no HTTP)/.test(text))
    .toSorted((a, b) => b[1] - a[1])[0]
  return detail && `${formatCount(detail[1])} answers were not as expected: ${detail[0]}`
}

function waitHint(
  { sum: { latency, serviceTime, dropped } }: ScopeTotals,
  vusNeeded: number | undefined,
): string | undefined {
  if (vusNeeded === undefined || latency.count === 0) return undefined
  const waited = latency.percentileUs(0.95) > serviceTime.percentileUs(0.95) * 1.2 + 1000
  if (!waited && dropped === 0) return undefined
  const what = waited
    ? 'latency is well above service time: requests waited for a free VU'
    : 'requests were dropped: no VU was free'
  return `${what}. Raise vus to ${formatCount(vusNeeded)} or expect less.`
}

function resetHint(errors: ReadonlyMap<string, number>): string | undefined {
  const timeouts = errors.get('timeout') ?? 0
  return timeouts >= samplesForPercentile(0.5)
    ? `${formatCount(timeouts)} requests timed out: see whether the target still answers`
    : undefined
}
