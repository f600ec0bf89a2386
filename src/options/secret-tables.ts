import { MASK, oneOf } from './found.ts'
import { isSecretName, MAX_NAME_LENGTH, type Name, nameOf } from './secret-names.ts'
import { looksChosen, looksSecret } from './secret-words.ts'
import { isState } from './sentence.ts'

const BORDER = '│'

/**
 * Masks cells in tables of `console.table()`, Markdown and databases: in columns with the name of a secret, and in rows
 * that begin with one.
 */
export function maskTables(text: string): string {
  const inBoxes = text.includes(BORDER) ? maskBoxes(text) : text
  return inBoxes.includes('|') ? maskBars(inBoxes) : inBoxes
}

/** Tables of `console.table()`. */
function maskBoxes(text: string): string {
  let header: readonly string[] | undefined
  let isHeader = false
  return text
    .split('\n')
    .map((line) => {
      const start = line.trimStart()
      if (start.startsWith('┌')) isHeader = true
      if (!start.startsWith(BORDER)) return line
      const cells = cellsOf(line)
      if (isHeader || header === undefined) {
        header = cells.map((cell) => cell.trim())
        isHeader = false
        return line
      }
      const masked = maskedCells(header, cells)
      return masked === cells ? line : [line.slice(0, line.indexOf(BORDER)), ...masked, ''].join(BORDER)
    })
    .join('\n')
}

/** The cells between the borders of a row. */
function cellsOf(line: string): readonly string[] {
  return line.split(BORDER).slice(1, -1)
}

function maskedCells(header: readonly string[], cells: readonly string[]): readonly string[] {
  const secret = header.map((name, at) => at > 0 && isSecretName(name))
  // A value may contain the sign of a border: then its columns are unknown.
  if (cells.length !== header.length) return secret.includes(true) ? cells.map(maskedCell) : cells
  const [index = '', key = ''] = cells.map((cell) => cell.trim().replaceAll(/^'|'$/g, ''))
  const isSecretRow = isSecretName(index) || (header[1] === 'Key' && isSecretName(key))
  if (!isSecretRow && !secret.includes(true)) return cells
  const first = header[1] === 'Key' ? 2 : 1
  return cells.map((cell, at) => (secret[at] || (isSecretRow && at >= first) ? maskedCell(cell) : cell))
}

/** The mask, in the width of the cell. Empty cells are kept. */
function maskedCell(cell: string): string {
  return cell.trim() === '' ? cell : ` ${MASK} `.padEnd(cell.length)
}

/** Tables of Markdown, Postgres and MySQL: a header above a line such as `|---|:--:|` or `----+----`. */
function maskBars(text: string): string {
  const lines = text.split('\n')
  let names: readonly Name[] = []
  let isWithin = false
  let isChanged = false
  for (const [at, line] of lines.entries()) {
    const isRule = isRuleOfTable(line)
    if (isRule || !line.includes('|')) {
      isWithin &&= isRule
      continue
    }
    if (!isWithin && isRuleOfTable(lines[at + 1] ?? '')) {
      isWithin = true
      names = line.length > MAX_HEADER ? [] : line.split('|').map(nameIn)
      continue
    }
    const masked = isWithin && names.some(({ isSecret }) => isSecret) ? maskedRow(line, names) : maskedPair(line)
    isChanged ||= masked !== line
    lines[at] = masked
  }
  return isChanged ? lines.join('\n') : text
}

/** Whether a line consists of hyphens and the signs between columns. */
function isRuleOfTable(line: string): boolean {
  let hasHyphen = false
  let hasSign = false
  for (let at = 0; at < line.length; at++) {
    const code = line.charCodeAt(at)
    if (!isOfRule(code)) return false
    hasHyphen ||= code === HYPHEN
    hasSign ||= code === BAR || code === PLUS
  }
  return hasHyphen && hasSign
}

const isOfRule = oneOf('-+|: \t\r')
const [HYPHEN, BAR, PLUS] = [45, 124, 43]

/** The name in a cell, without markup: `API key` as `API-key`. */
function nameIn(cell: string): Name {
  const written = cell.trim()
  if (written === '' || written.length > MAX_NAME_LENGTH) return NO_NAME
  if (WORD_NAME.test(written)) return nameOf(written)
  const text = written.replaceAll(/^["'`*]{1,3}|["'`*]{1,3}$/g, '')
  return NAME.test(text) ? nameOf(text.replaceAll(' ', '-')) : NO_NAME
}

const MAX_HEADER = 2000
const NO_NAME = nameOf('')
const WORD_NAME = /^[\w.-]+$/
const NAME = /^[\w.-]+(?: [\w.-]+){0,2}$/

function maskedRow(line: string, names: readonly Name[]): string {
  return line
    .split('|')
    .map((cell, at) => (names[at]?.isSecret === true && isValue(names[at], cell.trim()) ? maskedCell(cell) : cell))
    .join('|')
}

/** Whether a cell is a value, rather than a description of one, code in documentation, or a number of passed tests. */
function isValue({ kind: { isPass } }: Name, cell: string): boolean {
  if (!isWord(cell) || isState(cell)) return false
  if (isPass || cell.startsWith('`')) return looksLikeSecret(cell.replaceAll('`', ''))
  return true
}

function looksLikeSecret(word: string): boolean {
  return looksSecret(word, 0, word.length) || looksChosen(word, true)
}

/** `| token | hunter2 |`, `password | hunter2` */
function maskedPair(line: string): string {
  const bar = line.indexOf('|')
  const first = line.slice(0, bar).trim() === '' ? 1 : 0
  const nameEnd = first === 0 ? bar : line.indexOf('|', bar + 1)
  // Most lines end here.
  if (nameEnd < 0 || !nameIn(line.slice(first === 0 ? 0 : bar + 1, nameEnd)).kind.isOfValue) return line
  const cells = line.split('|', MAX_PAIR + 1)
  const [, value = '', end = ''] = cells.slice(first)
  const word = value.trim().replaceAll(/^["'`]|["'`]$/g, '')
  const isPair = cells.length <= first + 3 && end.trim() === ''
  if (!isPair || !isWord(word) || isState(word) || !looksLikeSecret(word)) return line
  return cells.map((cell, at) => (at === first + 1 ? maskedCell(cell) : cell)).join('|')
}

const MAX_PAIR = 4
const MAX_WORD = 1000
const isWord = (text: string) => text.length <= MAX_WORD && /^\S+$/.test(text)
