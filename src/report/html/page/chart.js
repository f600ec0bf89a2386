/* One chart: axes, series, and what is painted behind and over them. Requires numbers.js and uPlot. */

import { clock, colour, show, showAt, showX, significant } from './numbers.js'

/* global uPlot */

export const { runs, charts } = JSON.parse(document.getElementById('charts').textContent)
export const HEIGHT = 220
export const drawn = new Map()
export const hidden = runs.map(() => new Set())

export const visible = (chart, second) => {
  const phase = runs[chart.run].phases.find(({ startMs, endMs }) => second * 1000 >= startMs && second * 1000 < endMs)
  return phase === undefined || !hidden[chart.run].has(phase.name)
}
export const dataOf = (chart) => {
  const kept = chart.x === 'seconds' ? chart.xs.map((second) => visible(chart, second)) : undefined
  const series = chart.series.map(({ values }) =>
    kept ? values.map((value, at) => (kept[at] ? value : null)) : values,
  )
  return [chart.xs, ...series]
}

const tickOf = (chart) => (_u, splits) =>
  splits.map((at) => {
    if (at === null) return ''
    if (chart.x === 'seconds') return clock(at)
    if (chart.x === 'percentile') return `p${significant(100 - 100 / at, 6)}`
    return (chart.xLabels[Math.round(at)] ?? '').split(' – ')[0]
  })

const nines = (_u, _axis, min, max) => {
  const splits = []
  for (let at = 1; at <= max * 1.001; at *= 10) if (at >= min * 0.999) splits.push(at)
  if (min <= 2 && max >= 2) splits.splice(1, 0, 2)
  return splits
}

const axesOf = (chart) => {
  const look = { stroke: colour('--muted'), font: '11px system-ui, sans-serif' }
  const grid = { stroke: colour('--chart-grid'), width: 1 }
  const x = {
    ...look,
    size: 30,
    grid: { show: false },
    ticks: { ...grid, size: 4 },
    values: tickOf(chart),
    space: 60,
  }
  if (chart.x === 'percentile') x.splits = nines
  if (chart.x === 'seconds') x.incrs = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600]
  if (chart.x === 'bins') x.incrs = [1, 2, 5, 10, 20]
  const y = {
    ...look,
    grid,
    ticks: { show: false },
    size: 62,
    values: (_u, splits) => splits.map((at) => show(chart, at)),
  }
  if (isLogarithmic(chart)) y.splits = logSplits
  return [x, y]
}

const seriesOf = (chart) => [
  {
    label: { seconds: 'at', percentile: 'percentile', bins: 'between' }[chart.x],
    value: (_u, _x, _s, at) => (at === null ? '–' : showX(chart, at)),
  },
  ...chart.series.map((series) => {
    const { label, colour: name, dashed } = series
    const value = (_u, _value, _s, at) => showAt(chart, series, at)
    const look = { label, stroke: colour(`--chart-${name}`), width: 1.5, value }
    if (chart.draw === 'bars')
      return {
        ...look,
        fill: `${look.stroke}66`,
        paths: uPlot.paths.bars({ size: [0.9, 40] }),
        points: { show: false },
      }
    return { ...look, ...(dashed ? { dash: [5, 4] } : {}), points: { show: chart.xs.length === 1 } }
  }),
]

const paintBehind = (chart) => (u) => {
  if (chart.x !== 'seconds') return
  const { ctx, bbox } = u
  const shade = (startSec, endSec, fill) => {
    const left = Math.max(bbox.left, u.valToPos(startSec, 'x', true))
    const right = Math.min(bbox.left + bbox.width, u.valToPos(endSec, 'x', true))
    ctx.fillStyle = fill
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height)
  }
  ctx.save()
  for (const { name, startMs, endMs } of runs[chart.run].phases)
    shade(startMs / 1000, endMs / 1000, colour(`--phase-${name}`))
  for (const { startMs, endMs } of runs[chart.run].marks)
    if (endMs !== undefined) shade(startMs / 1000, endMs / 1000, colour('--mark'))
  ctx.restore()
}

const paintOver = (chart) => (u) => {
  const { ctx, bbox } = u
  const scale = devicePixelRatio
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.font = `${11 * scale}px system-ui, sans-serif`
  const write = (text, x, y) => {
    ctx.save()
    ctx.setLineDash([])
    ctx.lineWidth = 4 * scale
    ctx.strokeStyle = colour('--ground')
    ctx.strokeText(text, x, y)
    ctx.fillText(text, x, y)
    ctx.restore()
  }
  ctx.lineWidth = scale
  ctx.setLineDash([6 * scale, 3 * scale])
  let beyond = 0
  for (const limit of chart.limits) {
    const { label, value, p } = limit
    ctx.textAlign = 'left'
    if (!isNear(chart, limit)) {
      ctx.fillStyle = colour('--failed')
      ctx.textAlign = 'right'
      const right = bbox.left + bbox.width - 5 * scale
      write(`${label} ${show(chart, value)} ↑`, right, bbox.top + (12 + 13 * beyond++) * scale)
      continue
    }
    const y = u.valToPos(value, 'y', true)
    const right = chart.x === 'percentile' ? u.valToPos(1 / (1 - p), 'x', true) : bbox.left + bbox.width
    ctx.strokeStyle = ctx.fillStyle = colour('--failed')
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(right, y)
    ctx.stroke()
    write(`${label} ${show(chart, value)}`, bbox.left + 5 * scale, y - 5 * scale)
  }
  chart.series.forEach(({ colour: name, infinite = [] }, row) => {
    ctx.fillStyle = colour(`--chart-${name}`)
    for (const at of infinite) {
      if (chart.x === 'seconds' && !visible(chart, chart.xs[at])) continue
      const [x, y] = [u.valToPos(chart.xs[at], 'x', true), bbox.top + (1 + 8 * row) * scale]
      ctx.beginPath()
      ctx.moveTo(x, y)
      ctx.lineTo(x - 4 * scale, y + 7 * scale)
      ctx.lineTo(x + 4 * scale, y + 7 * scale)
      ctx.fill()
    }
  })
  const marks = chart.x === 'seconds' ? runs[chart.run].marks : []
  marks.forEach(({ label, startMs }, at) => {
    const x = u.valToPos(startMs / 1000, 'x', true)
    ctx.strokeStyle = ctx.fillStyle = colour('--ink')
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    ctx.textAlign = 'left'
    write(label, x + 4 * scale, bbox.top + (12 + 13 * (at % 3)) * scale)
  })
  ctx.restore()
}

const xScaleOf = (chart) => {
  if (chart.x === 'percentile') return { distr: 3 }
  return chart.x === 'bins' ? { range: [-0.5, chart.xs.length - 0.5] } : {}
}

/* A limit further than this from the data would press it into a line: it is marked at the edge instead. */
const FAR = 2
/* Times that differ more than this are drawn on a logarithmic axis. */
const WIDE = 20

const valuesOf = (chart) => chart.series.flatMap(({ values }) => values).filter((value) => value !== null)

const isLogarithmic = (chart) => {
  if (chart.unit !== 'ms' || chart.draw !== 'lines') return false
  const values = valuesOf(chart)
  return values.length > 0 && Math.min(...values) > 0 && Math.max(...values) > WIDE * Math.min(...values)
}

/* A limit is part of the scale only if it is close to the data. */
const isNear = (chart, { value }) => {
  const values = valuesOf(chart)
  return values.length === 0 || value <= FAR * Math.max(...values)
}

/* From below the smallest value to above the largest. */
const logRange = (chart) => {
  const near = chart.limits.filter((limit) => isNear(chart, limit)).map(({ value }) => value)
  const values = valuesOf(chart)
  return [Math.min(...values) / 1.2, Math.max(...values, ...near) * 1.3]
}

/* 1, 2 and 5 of each power of ten within the range. */
const logSplits = (_u, _axis, min, max) => {
  const splits = []
  for (let power = 10 ** Math.floor(Math.log10(min)); power <= max; power *= 10)
    for (const step of [1, 2, 5]) if (step * power >= min && step * power <= max) splits.push(step * power)
  return splits.length > 7
    ? splits.filter((at) => /^1(e|0*$)|^0\.0*1$/.test(String(Number(at.toPrecision(3)))))
    : splits
}

const rangeOf = (chart) => (_u, _min, max) => {
  if (isLogarithmic(chart)) return logRange(chart)
  const near = chart.limits.filter((limit) => isNear(chart, limit))
  const highest = Math.max(max ?? 0, ...near.map(({ value }) => value))
  if (chart.unit === 'ratio' && highest <= 1) return [0, Math.max(0.1, Math.min(1, highest * 1.1))]
  return [0, highest > 0 ? highest * 1.08 : 1]
}

/* Scale of the drawing, which is only in its pixels otherwise. */
const nameScale = (chart, plot) => (u) => {
  plot.dataset.axis = isLogarithmic(chart) ? 'logarithmic' : 'linear'
  plot.dataset.top = u.scales.y.max
}

const zoomTo = (chart, onZoom) => (u) => {
  const { left, width } = u.select
  if (width < 4) return
  onZoom(chart, [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')])
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
}

/* Draws the chart of an element, replacing an earlier drawing. `onZoom` receives a range of x, or undefined to reset. */
export const draw = (plot, onZoom) => {
  const chart = charts.find(({ id }) => id === plot.closest('figure').dataset.chart)
  drawn.get(chart.id)?.u.destroy()
  plot.replaceChildren()
  const options = {
    width: Math.max(240, plot.clientWidth),
    height: HEIGHT,
    padding: [8, 24, 0, 0],
    scales: {
      x: { time: false, ...xScaleOf(chart) },
      y: { range: rangeOf(chart), ...(isLogarithmic(chart) ? { distr: 3 } : {}) },
    },
    axes: axesOf(chart),
    series: seriesOf(chart),
    cursor: {
      drag: { x: chart.x === 'seconds', y: false, setScale: false },
      points: { size: 6 },
      bind: { dblclick: () => () => onZoom(chart, undefined) },
      ...(chart.x === 'seconds' ? { sync: { key: `run-${chart.run}` } } : {}),
    },
    hooks: {
      drawClear: [paintBehind(chart)],
      draw: [paintOver(chart), nameScale(chart, plot)],
      setSelect: [zoomTo(chart, onZoom)],
    },
  }
  drawn.set(chart.id, { chart, plot, u: new uPlot(options, dataOf(chart), plot) })
}
