import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskKnown } from './known-secrets.ts'

const hexOf = (text: string, prefix: string) =>
  Array.from(Buffer.from(text), (byte) => prefix + byte.toString(16)).join('')
const base64Of = (text: string) => Buffer.from(text).toString('base64')
const lines = (text: string, length: number, end: string) =>
  text.replaceAll(new RegExp(`.{${length}}`, 'g'), `$&${end}`)

/** Encodings of a text, by name. */
const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  'lower case, as of a header': (text) => text.toLowerCase(),
  'upper case': (text) => text.toUpperCase(),
  'a URL': encodeURIComponent,
  'a URL with digits in lower case': (text) =>
    encodeURIComponent(text).replaceAll(/%../g, (byte) => byte.toLowerCase()),
  'a URL with every byte encoded': (text) => hexOf(text, '%'),
  'a URL, encoded twice': (text) => encodeURIComponent(hexOf(text, '%')),
  'a form': (text) => new URLSearchParams({ a: text }).toString().slice(2),
  JSON: (text) => JSON.stringify(text).slice(1, -1),
  'JSON in JSON': (text) => JSON.stringify(JSON.stringify(text)).slice(3, -3),
  'JSON with every character escaped': (text) =>
    text.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  'bytes of Python': (text) => hexOf(text, '\\x'),
  HTML: (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
  'HTML in HTML': (text) => text.replaceAll('&', '&amp;amp;').replaceAll('<', '&amp;lt;'),
  'HTML with numbers': (text) => Array.from(text, (letter) => `&#${letter.codePointAt(0)};`).join(''),
  'HTML with hexadecimal numbers': (text) =>
    Array.from(text, (letter) => `&#x${letter.codePointAt(0)!.toString(16)};`).join(''),
  'hexadecimal digits': (text) => hexOf(text, '').toUpperCase(),
  base64: base64Of,
  'base64 with a user': (text) => base64Of(`ann:${text}`),
  'base64 for URLs': (text) => Buffer.from(`ann:${text}`).toString('base64url'),
  'base64 in lines of MIME': (text) => lines(base64Of(`${'-'.repeat(54)}${text}`), 76, '\r\n'),
  'base64 in indented lines': (text) => lines(base64Of(`${'-'.repeat(45)}${text}`), 64, '\n    '),
  'base64 in lines, in JSON': (text) => lines(base64Of(`${'-'.repeat(45)}${text}`), 64, '\\n'),
}

test.each(Object.keys(ENCODINGS))('masks a known secret in %s', (name) => {
  for (const secret of ['Opaque-Word99', 'Caf\u00e9/\u{1f600}+"x" <&>']) {
    const encoded = ENCODINGS[name]!(secret)
    const clean = maskKnown(`got ${encoded} here`, [secret])
    // Lines before the secret may remain.
    const [, rest = ''] = /^got (?:LS0t\S*\s+|LS0t\S*?\\n)?(.*) here$/s.exec(clean) ?? []
    expect.soft(rest, encoded).toBe('***')
  }
})

test('masks a known secret with an escape of another encoding and letters beyond ASCII', () => {
  expect(maskKnown('a &#192;&#37;&#48;&#48;&#32;&#32;&#32;&#32; b', ['À%00    '])).toBe('a *** b')
  expect(maskKnown('a &#193;&#37;&#48;&#48;&#32;&#32;&#32;&#32; b', ['À%00    '])).toContain('&#193;')
})

test('masks any known secret in any encoding, with any text around it', () => {
  // Other lengths of base64 are in lines.
  const names = Object.keys(ENCODINGS).filter((name) => !name.includes('lines') && !name.includes('case'))
  const secret = fc.string({ minLength: 6, maxLength: 20, unit: 'grapheme' }).filter((text) => text.isWellFormed())
  fc.assert(
    fc.property(secret, fc.constantFrom(...names), (text, name) => {
      const encoded = ENCODINGS[name]!(text)
      expect(maskKnown(`a ${encoded} b`, [text])).not.toContain(encoded)
    }),
  )
})

test.each([
  ['normal99', String.raw`CORP\normal99`],
  ['41%-opaque', '41%-opaque'],
  [String.raw`\\\\\\ab`, String.raw`is \\\\\\ab`],
])('masks the known secret %j in %j, where it looks encoded', (secret, text) =>
  expect(maskKnown(text, [secret])).not.toContain(secret),
)

test('does not mask text that only resembles a known secret', () => {
  const text = 'the opaque words, opaque%20wor, b3BhcXVl, opaque\\nword and 6f7061717565'
  expect(maskKnown(text, ['opaque-word', 'opaque wordy'])).toBe(text)
})
