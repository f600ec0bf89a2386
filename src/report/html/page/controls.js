/* Zoom, phases, keyboard, tables, theme and printing. */

import { charts, dataOf, draw, drawn, HEIGHT, hidden, visible } from './chart.js'
import { restoreAfterPaper, unfoldForPaper } from './folds.js'
import { showAt, showX } from './numbers.js'

const KEY_STEPS = 20
const readout = document.getElementById('readout')

const ofRun = (run) => [...drawn.values()].filter(({ chart }) => chart.run === run && chart.x === 'seconds')

const zoom = (chart, range) => {
  if (chart.x !== 'seconds') return
  const [min, max] = range ?? [chart.xs[0], chart.xs.at(-1)]
  for (const { u } of ofRun(chart.run)) u.setScale('x', { min, max })
}

const announce = (chart, at) => {
  const values = chart.series.map((series) => `${series.label} ${showAt(chart, series, at)}`)
  readout.textContent = `${showX(chart, at)}: ${values.join(', ')}`
}

const onKey = (event) => {
  const entry = [...drawn.values()].find(({ plot }) => plot === event.currentTarget)
  if (entry === undefined) return
  const { chart, u } = entry
  const { min, max } = u.scales.x
  const last = chart.xs.length - 1
  const step = event.shiftKey ? Math.max(1, Math.round(chart.xs.length / KEY_STEPS)) : 1
  const at = u.cursor.idx ?? 0
  const moves = { ArrowRight: at + step, ArrowLeft: at - step, Home: 0, End: last }
  if (event.key in moves) {
    const next = Math.min(last, Math.max(0, moves[event.key]))
    u.setCursor({ left: u.valToPos(chart.xs[next], 'x'), top: HEIGHT / 3 })
    announce(chart, next)
  } else if (event.key === '+' || event.key === '-') {
    const centre = chart.xs[at]
    const factor = event.key === '+' ? 0.5 : 2
    zoom(chart, [
      Math.max(chart.xs[0], centre - (centre - min) * factor),
      Math.min(chart.xs[last], centre + (max - centre) * factor),
    ])
  } else if (event.key === '0' || event.key === 'Escape') zoom(chart, undefined)
  else return
  event.preventDefault()
}

const onPhase = ({ target }) => {
  const first = target.closest('.run').querySelector('figure')
  const { run } = charts.find(({ id }) => id === first.dataset.chart)
  if (target.checked) hidden[run].delete(target.value)
  else hidden[run].add(target.value)
  for (const { chart, u } of ofRun(run)) u.setData(dataOf(chart), false)
  for (const { u } of ofRun(run)) u.redraw(true, true)
  for (const { chart } of ofRun(run)) zoom(chart, shownRange(chart))
}

/** Range from the first to the last visible second. */
const shownRange = (chart) => {
  const shown = chart.xs.filter((second) => visible(chart, second))
  return shown.length === 0 ? undefined : [shown[0], shown.at(-1)]
}

const fillTable = (details) => {
  if (!details.open || details.querySelector('table')) return
  const chart = charts.find(({ id }) => id === details.closest('figure').dataset.chart)
  const element = (name, text, parent) => {
    const made = document.createElement(name)
    made.textContent = text
    return parent.appendChild(made)
  }
  const scroll = element('div', '', details)
  scroll.className = 'scroll'
  scroll.tabIndex = 0
  const table = element('table', '', scroll)
  element('caption', chart.title, table)
  const head = element('tr', '', element('thead', '', table))
  const first = { seconds: 'Time', percentile: 'Percentile', bins: 'Between' }[chart.x]
  for (const name of [first, ...chart.series.map(({ label }) => label)]) element('th', name, head).scope = 'col'
  const body = element('tbody', '', table)
  chart.xs.forEach((_x, at) => {
    const row = element('tr', '', body)
    element('th', showX(chart, at), row).scope = 'row'
    for (const series of chart.series) element('td', showAt(chart, series, at), row)
  })
}

const systemDark = matchMedia('(prefers-color-scheme: dark)')
const paper = matchMedia('print')
const THEMES = ['system', 'light', 'dark']
let theme = 'system'

const applyTheme = () => {
  const dark = !paper.matches && (theme === 'dark' || (theme === 'system' && systemDark.matches))
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  document.getElementById('theme').textContent = `Theme: ${theme}`
  for (const { plot } of drawn.values())
    if (plot.clientWidth > 0) draw(plot, zoom)
    else plot.replaceChildren()
}

const plots = [...document.querySelectorAll('.plot')]
const drawMissing = () => {
  for (const plot of plots) if (!plot.firstChild) draw(plot, zoom)
}
const visibility = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting && !target.firstChild) draw(target, zoom)
  },
  { rootMargin: '600px' },
)
const resizing = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const entry = [...drawn.values()].find(({ plot }) => plot === target)
    const width = Math.max(240, target.clientWidth)
    if (entry !== undefined && entry.u.width !== width) entry.u.setSize({ width, height: HEIGHT })
  }
})

applyTheme()
for (const plot of plots) {
  visibility.observe(plot)
  resizing.observe(plot)
  plot.addEventListener('keydown', onKey)
}
for (const box of document.querySelectorAll('.phases input')) box.addEventListener('change', onPhase)
for (const details of document.querySelectorAll('.data')) details.addEventListener('toggle', () => fillTable(details))
document.getElementById('theme').addEventListener('click', () => {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]
  applyTheme()
})
systemDark.addEventListener('change', applyTheme)
const prepareForPaper = () => {
  unfoldForPaper()
  drawMissing()
}
paper.addEventListener('change', () => {
  if (paper.matches) prepareForPaper()
  else restoreAfterPaper()
  applyTheme()
})
addEventListener('beforeprint', prepareForPaper)
addEventListener('afterprint', restoreAfterPaper)
