import type { ScenarioResult } from '../results.ts'
import { sign } from './cells.ts'
import { html, type Markup } from './markup.ts'

/** Links to all scenarios, which stay in view on wide screens. */
export function contents(scenarios: readonly ScenarioResult[], anchors: readonly string[]): Markup {
  if (scenarios.length < 2) return html``
  const items = scenarios.map(({ name, verdict }, at) => {
    return html`<li data-of="${anchors[at]}">
      <a href="#${anchors[at]}">${sign(verdict)}<span>${name}</span></a>
    </li>`
  })
  return html`<nav class="contents" aria-label="Scenarios">
    <ul>
      ${items}
    </ul>
  </nav>`
}
