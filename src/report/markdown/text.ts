/** Text that Markdown and HTML take as it is, also within a table's cell. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_{}[\]|~#!]/g, String.raw`\$&`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/@(?=\w)/g, '@&#8203;')
    .replace(/\s*\n\s*/g, ' ')
}

/** Code within a line. A table's cell would end at a bar, so it is escaped. */
export function code(text: string): string {
  const ticks = '`'.repeat(longestRun(text) + 1)
  const pad = text.startsWith('`') || text.endsWith('`') ? ' ' : ''
  return `${ticks}${pad}${text.replaceAll('|', String.raw`\|`).replace(/\s*\n\s*/g, ' ')}${pad}${ticks}`
}

/** A block of text that nothing in it can end. */
export function fenced(text: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1))
  return `${fence}text\n${text}\n${fence}`
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length))
}
