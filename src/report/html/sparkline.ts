import type { RunResult } from '../../results/result.ts'
import type { JsonMs } from '../../stats/summary.ts'
import { html, type Markup } from './markup.ts'

const WIDTH = 120
const HEIGHT = 26
const PADDING = 2
/** More points than this cannot be distinguished. */
const MAX_POINTS = 60

/** p95 of a run over time, without axes: its course, not its values. Empty if it has fewer than two seconds with figures. */
export function sparkline(run: RunResult | undefined): Markup {
  const points = peaks(run === undefined ? [] : timesOf(run))
  const finite = points.filter((ms) => Number.isFinite(ms))
  if (points.length < 2 || finite.length === 0) return html``
  const [low, high] = [Math.min(...finite), Math.max(...finite)]
  const x = (at: number) => PADDING + (at / (points.length - 1)) * (WIDTH - 2 * PADDING)
  // A course that varies little is drawn as one that varies little: the scale spans at least a factor of two.
  const [bottom, top] = [Math.min(low, high / 2), high]
  const y = (ms: number) => HEIGHT - PADDING - ((ms - bottom) / (top - bottom || 1)) * (HEIGHT - 2 * PADDING - 4)
  const lines = segments(points).map((segment) => {
    const drawn = segment.map(([at, ms], nth) => `${nth === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(ms).toFixed(1)}`)
    return segment.length === 1 ? `${drawn.join('')}h1` : drawn.join('')
  })
  const areas = segments(points).map((segment) => {
    const top = segment.map(([at, ms]) => `L${x(at).toFixed(1)} ${y(ms).toFixed(1)}`)
    return `M${x(segment[0]![0]).toFixed(1)} ${HEIGHT}${top.join('')}V${HEIGHT}Z`
  })
  const infinite = points.flatMap((ms, at) => (ms === Number.POSITIVE_INFINITY ? [at] : []))
  return html`<svg
    class="spark"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    width="${WIDTH}"
    height="${HEIGHT}"
    aria-hidden="true"
  >
    <path class="area" d="${areas.join('')}" />
    <path d="${lines.join('')}" />
    ${infinite.map((at) => html`<circle cx="${x(at).toFixed(1)}" cy="2.5" r="2" />`)}
  </svg>`
}

function timesOf(run: RunResult): readonly number[] {
  if (run.kind === 'micro') return []
  const ms = (value: JsonMs | undefined) => (value === undefined ? Number.NaN : Number(value))
  return run.kind === 'fanOut' ? run.timeline.map(({ p99Ms }) => ms(p99Ms)) : run.timeline.map(({ p95Ms }) => ms(p95Ms))
}

/** The largest of every few values in a row. Seconds without a figure are NaN. */
function peaks(values: readonly number[]): readonly number[] {
  const size = Math.ceil(values.length / MAX_POINTS)
  return Array.from({ length: Math.ceil(values.length / Math.max(1, size)) }, (_, at) => {
    const known = values.slice(at * size, (at + 1) * size).filter((ms) => !Number.isNaN(ms))
    return known.length === 0 ? Number.NaN : Math.max(...known)
  })
}

/** Finite values in a row, with their positions. */
function segments(values: readonly number[]): readonly (readonly (readonly [number, number])[])[] {
  const found: [number, number][][] = []
  values.forEach((ms, at) => {
    if (!Number.isFinite(ms)) return
    if (at === 0 || !Number.isFinite(values[at - 1])) found.push([])
    found.at(-1)!.push([at, ms])
  })
  return found
}
