/* Scenarios shown: by verdict and by text. */

const field = document.getElementById('filter')
const toggles = [...document.querySelectorAll('.toggle')]
const listed = [...document.querySelectorAll('.scenario')]

const applyFilter = () => {
  const words = field.value.toLowerCase().split(/\s+/)
  const verdicts = toggles.filter((toggle) => toggle.ariaPressed === 'true').map((toggle) => toggle.dataset.verdict)
  for (const scenario of listed) {
    const { verdict, text } = scenario.dataset
    scenario.hidden = !(verdicts.includes(verdict) && words.every((word) => text.includes(word)))
  }
  for (const item of document.querySelectorAll('.contents li'))
    item.hidden = document.getElementById(item.dataset.of).hidden
  const shown = listed.filter(({ hidden }) => !hidden).length
  document.getElementById('shown').textContent =
    shown === listed.length ? '' : shown === 0 ? 'No scenario matches' : `${shown} of ${listed.length} scenarios`
}

field.addEventListener('input', applyFilter)
field.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    field.value = ''
    applyFilter()
  } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
    event.preventDefault()
    listed
      .find(({ hidden }) => !hidden)
      ?.querySelector('summary')
      .focus()
  }
})
for (const toggle of toggles) {
  toggle.addEventListener('click', () => {
    toggle.ariaPressed = String(toggle.ariaPressed !== 'true')
    applyFilter()
  })
}
addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof HTMLInputElement
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  field.focus()
})
/* A browser that restores the text of the field fires no event. */
applyFilter()
