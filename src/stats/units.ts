/**
 * Milliseconds as text: three digits below a second (`0.052 ms`, `4.12 ms`, `163 ms`), then seconds (`1.45 s`, `95.0 s`);
 * `∞` for infinity.
 */
export function formatMs(ms: number): string {
  const [value, unit] = msParts(ms)
  return unit === '' ? value : `${value} ${unit}`
}

/** Value and unit of {@link formatMs}, for tables with the unit in the header. */
export function msParts(ms: number): readonly [string, string] {
  if (ms === Number.POSITIVE_INFINITY) return ['∞', '']
  if (ms >= 10_000) return [(ms / 1000).toFixed(1), 's']
  if (ms >= 1_000) return [(ms / 1000).toFixed(2), 's']
  return [significant(ms, 3), 'ms']
}

/** A duration as in an option: `60s`, `5m`, `1h`, `250ms`. */
export function formatDuration(ms: number): string {
  if (ms >= 3_600_000 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`
  if (ms >= 120_000 && ms % 60_000 === 0) return `${ms / 60_000}m`
  if (ms >= 1_000) return `${significant(ms / 1000, 3)}s`
  return `${significant(ms, 3)}ms`
}

/** A ratio (0–1) as percent: `0.3%`, `12%`, `0.017%`. Below one in a billion, which no run can count, it is `0%`. */
export function formatRatio(ratio: number): string {
  if (Math.abs(ratio) < 1e-9) return '0%'
  const percent = ratio * 100
  if (Math.abs(percent) >= 10) return `${trimZeros(percent.toFixed(1))}%`
  return `${significant(percent, 2)}%`
}

/** A count with separated thousands: `11,940`. */
export function formatCount(count: number): string {
  // Not `toLocaleString()`, whose first call loads ICU data and takes 25 ms, during a run.
  return String(Math.round(count)).replace(/\d(?=(?:\d{3})+$)/g, '$&,')
}

/** A rate: `200/s`, `4.5/s`. */
export function formatRate(perSec: number): string {
  return `${perSec >= 100 ? formatCount(perSec) : significant(perSec, 3)}/s`
}

/** A value of a custom metric with its unit: `12.5 items`, `1,240 KiB`. */
export function formatValue(value: number, unit?: string): string {
  const text = Math.abs(value) >= 1000 ? formatCount(value) : significant(value, 3)
  return unit === undefined ? text : `${text} ${unit}`
}

/** Bytes in binary units: `304 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  let value = bytes
  let at = 0
  while (Math.abs(value) >= 1024 && at < units.length - 1) {
    value /= 1024
    at++
  }
  return `${significant(value, 3)} ${units[at]}`
}

/** A number with `digits` significant digits, without trailing zeros after the point. */
export function significant(value: number, digits: number): string {
  if (value === 0) return '0'
  const magnitude = Math.floor(Math.log10(Math.abs(value)))
  const decimals = Math.max(0, digits - 1 - magnitude)
  return decimals > 20 ? value.toExponential(1) : trimZeros(value.toFixed(decimals))
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
