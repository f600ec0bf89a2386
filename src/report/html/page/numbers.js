/* Number formats, the same as in the tables. */

export const significant = (value, digits) => {
  if (value === 0) return '0'
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))))
  const text = value.toFixed(Math.min(decimals, 12))
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
const group = (value) => (Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-US') : significant(value, 3))
const bytes = (value) => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const at = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10))
  return `${significant(value / 1024 ** at, 3)} ${units[at]}`
}
const FORMATS = {
  ms: (value) => (value >= 1000 ? `${significant(value / 1000, 3)} s` : `${significant(value, 3)} ms`),
  perSec: (value) => `${group(value)}/s`,
  count: group,
  ratio: (value) => `${significant(value * 100, 3)}%`,
  bytes,
}

export const show = (chart, value) => (value === null || value === undefined ? '–' : FORMATS[chart.unit](value))

export const showAt = (chart, { values, infinite = [] }, at) => (infinite.includes(at) ? '∞' : show(chart, values[at]))

export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`

export const showX = (chart, at) => (chart.x === 'seconds' ? clock(chart.xs[at]) : chart.xLabels[at])

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
