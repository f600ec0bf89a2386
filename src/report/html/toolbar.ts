import type { Outcome } from '../../evidence/verdict.ts'
import type { Totals } from '../results.ts'
import { html, type Markup } from './markup.ts'

export const VERDICTS: readonly Outcome[] = ['failed', 'invalid', 'passed', 'skipped']

/** Filters by verdict and by text, and buttons that unfold all scenarios or none. */
export function toolbar(totals: Totals): Markup {
  const present = VERDICTS.filter((verdict) => totals[verdict] > 0)
  return html`<div class="toolbar" role="search" aria-label="Scenarios">
    <input
      type="search"
      id="filter"
      placeholder="Filter scenarios ( / )"
      aria-label="Filter scenarios by name, file, run or assertion"
      autocomplete="off"
      spellcheck="false"
    />
    <span class="verdicts" role="group" aria-label="Verdicts shown">
      ${present.map(
        (verdict) =>
          html`<button type="button" class="toggle ${verdict}" data-verdict="${verdict}" aria-pressed="true">
            <b>${totals[verdict]}</b> ${verdict}
          </button>`,
      )}
    </span>
    <button type="button" id="unfold">Unfold all</button>
    <button type="button" id="theme">Theme: system</button>
    <span id="shown" role="status"></span>
  </div>`
}
