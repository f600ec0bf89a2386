/* Tables wider than their place can be scrolled by keyboard; others are no stop of the Tab key. */

const fit = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0
    else target.removeAttribute('tabindex')
  }
})
for (const place of document.querySelectorAll('.scroll')) fit.observe(place)
