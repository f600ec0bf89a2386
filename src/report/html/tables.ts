import { html, type Markup } from './markup.ts'

/** Text of a cell, and the exact number for programs that read the page. */
export interface TableCell {
  readonly text: string | Markup
  readonly value?: number | undefined
}

const NUMBER = html`class="number"`

/** A table whose first column names the rows. Numbers are right-aligned. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly TableCell[])[]): Markup {
  const numeric = head.map((_, at) => at > 0 && rows.some((row) => row[at]?.value !== undefined))
  const columns = head.map((name, at) => html`<th scope="col" ${numeric[at] ? NUMBER : ''}>${name}</th>`)
  return html`<div class="scroll">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => tableRow(row, head, numeric))}
      </tbody>
    </table>
  </div>`
}

function tableRow(row: readonly TableCell[], head: readonly string[], numeric: readonly boolean[]): Markup {
  const cells = row.map(({ text, value }, at) => {
    if (at === 0) return html`<th scope="row">${text}</th>`
    const exact = value === undefined ? '' : html`data-value="${value}"`
    return html`<td ${numeric[at] ? NUMBER : ''} data-label="${head[at]}" ${exact}>${text}</td>`
  })
  return html`<tr>
    ${cells}
  </tr>`
}

/** A definition list of names and values. */
export function pairs(entries: readonly (readonly [name: string, cell: TableCell])[], className: string): Markup {
  const items = entries.map(([name, { text, value }]) => {
    const data = value === undefined ? html`<dd>${text}</dd>` : html`<dd data-value="${value}">${text}</dd>`
    return html`<div>
      <dt>${name}</dt>
      ${data}
    </div>`
  })
  return html`<dl class="${className}">${items}</dl>`
}
