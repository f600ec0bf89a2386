/* A chart as a PNG file, with its title and legend. */

import { colour } from './numbers.js'

/* In pixels of the page. */
const MARGIN = 12
const TITLE = 30
const LEGEND = 26

const pictureOf = (figure) => {
  const chart = figure.querySelector('canvas')
  const scale = devicePixelRatio
  const picture = document.createElement('canvas')
  picture.width = chart.width + 2 * MARGIN * scale
  picture.height = chart.height + (TITLE + LEGEND + 2 * MARGIN) * scale
  const ctx = picture.getContext('2d')
  ctx.fillStyle = colour('--ground')
  ctx.fillRect(0, 0, picture.width, picture.height)
  ctx.drawImage(chart, MARGIN * scale, (MARGIN + TITLE) * scale)
  ctx.scale(scale, scale)
  ctx.textBaseline = 'middle'
  ctx.fillStyle = colour('--ink')
  ctx.font = '600 14px system-ui, sans-serif'
  ctx.fillText(figure.querySelector('figcaption b').textContent, MARGIN, MARGIN + TITLE / 2)
  ctx.font = '12px system-ui, sans-serif'
  let x = MARGIN
  const y = picture.height / scale - MARGIN - LEGEND / 2
  for (const row of [...figure.querySelectorAll('.u-series')].slice(1)) {
    const label = row.querySelector('.u-label').textContent
    ctx.fillStyle = getComputedStyle(row.querySelector('.u-marker')).borderColor
    ctx.fillRect(x, y - 1.5, 14, 3)
    ctx.fillStyle = colour('--ink')
    ctx.fillText(label, x + 19, y)
    x += 35 + ctx.measureText(label).width
  }
  return picture
}

const fileName = (figure) => {
  const title = figure.querySelector('figcaption b').textContent
  return `${figure.closest('.run').id}-${title}`.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')
}

for (const button of document.querySelectorAll('.png')) {
  button.addEventListener('click', () => {
    const figure = button.closest('figure')
    pictureOf(figure).toBlob((blob) => {
      const link = document.createElement('a')
      link.href = URL.createObjectURL(blob)
      link.download = `${fileName(figure)}.png`
      link.click()
      URL.revokeObjectURL(link.href)
    })
  })
}
