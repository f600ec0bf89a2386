/* Folded scenarios: links that unfold their target, arrow keys between scenarios, and all at once. */

const folds = [...document.querySelectorAll('.scenario')]
const unfoldButton = document.getElementById('unfold')

const isShown = (fold) => !fold.hidden

/* Unfolds what surrounds an element. */
export const reveal = (element) => {
  for (let at = element; at; at = at.parentElement) {
    if (at.tagName === 'DETAILS') at.open = true
    if (at.hidden) at.hidden = false
  }
}

const followLink = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (target === null) return
  reveal(target)
  target.scrollIntoView()
  if (target.tagName === 'DETAILS') target.querySelector('summary').focus({ preventScroll: true })
}

const move = (event) => {
  const shown = folds.filter(isShown)
  const at = shown.indexOf(event.currentTarget.parentElement)
  const targets = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 }
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in targets)) return
  const next = shown[targets[event.key]]
  if (next === undefined) return
  event.preventDefault()
  next.querySelector('summary').focus()
}

const areAllOpen = () => folds.filter(isShown).every(({ open }) => open)

const showUnfoldButton = () => {
  unfoldButton.textContent = areAllOpen() ? 'Fold all' : 'Unfold all'
}

/* Unfolds everything for paper, and restores it afterwards. */
let foldedBefore
export const unfoldForPaper = () => {
  foldedBefore ??= [...document.querySelectorAll('.scenario, .fold')].filter(({ open }) => !open)
  for (const fold of foldedBefore) fold.open = true
}
export const restoreAfterPaper = () => {
  for (const fold of foldedBefore ?? []) fold.open = false
  foldedBefore = undefined
}

for (const fold of folds) {
  fold.querySelector('summary').addEventListener('keydown', move)
  fold.addEventListener('toggle', showUnfoldButton)
}
unfoldButton.addEventListener('click', () => {
  const open = !areAllOpen()
  for (const fold of folds.filter(isShown)) fold.open = open
})
addEventListener('hashchange', followLink)
for (const link of document.querySelectorAll('a[href^="#"]')) {
  /* A link to the current address changes no address. */
  link.addEventListener('click', () => {
    if (link.hash === location.hash) followLink()
  })
}
showUnfoldButton()
followLink()
/* A browser that goes to the link itself removes the focus. */
addEventListener('load', followLink)
