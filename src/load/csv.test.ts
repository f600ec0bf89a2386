import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCsv, readCsv } from './csv.ts'

test('rows by column name; quotes, doubled quotes, commas and line breaks within quotes, empty lines, CRLF, BOM', () => {
  expect(parseCsv('\uFEFFid,name\r\n1,"a, ""b"""\r\n\r\n2,"two\nlines"\r\n3,', 'u.csv')).toEqual([
    { id: '1', name: 'a, "b"' },
    { id: '2', name: 'two\nlines' },
    { id: '3', name: '' },
  ])
  expect(parseCsv('id\n', 'u.csv')).toEqual([])
})

test('whatever is written is read back', () => {
  const field = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r\n', ' ') })
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
  fc.assert(
    fc.property(fc.array(fc.tuple(field, field), { minLength: 1 }), fc.constantFrom('\n', '\r\n'), (rows, end) => {
      const text = [['x', 'y'], ...rows].map((row) => row.map(quote).join(',')).join(end)
      expect(parseCsv(text, 'f').map(({ x, y }) => [x, y])).toEqual(rows)
    }),
  )
})

test.each([
  ['a row too short', 'a,b\n1,2\n3\n', 'users.csv:3: 1 fields, the header has 2'],
  ['a row too long', 'a,b\n1,2,3\n', 'users.csv:2: 3 fields, the header has 2'],
  ['a line counted after a field of two lines', 'a,b\n"x\ny",2\n3\n', 'users.csv:4: 1 fields, the header has 2'],
  ['a quote within an unquoted field', 'a,b\n1,x"y\n', 'users.csv:2: a quote out of place'],
  ['a quote that never ends', 'a,b\n1,"x\n', 'users.csv:2: a quote out of place'],
  ['a column named twice', 'a,a\n1,2\n', 'users.csv:1: the column "a" is named twice'],
  ['nothing', '', 'users.csv:1: there is no header line'],
])('%s: file and line', (_, text, message) => {
  expect(() => parseCsv(text, 'users.csv')).toThrow(message)
})

test('a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slo-csv-'))
  const path = join(folder, 'users.csv')
  await writeFile(path, 'id\n7\n8,9\n')
  await expect(readCsv(path)).rejects.toThrow(`${path}:3: 2 fields, the header has 1`)
  await rm(folder, { recursive: true })
})

test('a file that is not there is named as written and as looked for', async () => {
  const { message } = (await readCsv('perf/nope.csv').catch((error: unknown) => error)) as Error
  expect(message).toBe(
    `data: csv('perf/nope.csv'): there is no such file: ${resolve('perf/nope.csv')}\n` +
      `Fix: correct the path. A relative path counts from the working directory of the command, ${process.cwd()}; ` +
      `new URL('users.csv', import.meta.url) counts from the scenario's file`,
  )
})
