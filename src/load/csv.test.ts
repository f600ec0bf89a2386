import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCsv, readCsv } from './csv.ts'

test('reads rows by column name, with quotes, doubled quotes, commas and line breaks in quotes, empty lines, CRLF and BOM', () => {
  expect(parseCsv('\uFEFFid,name\r\n1,"a, ""b"""\r\n\r\n2,"two\nlines"\r\n3,', 'u.csv')).toEqual([
    { id: '1', name: 'a, "b"' },
    { id: '2', name: 'two\nlines' },
    { id: '3', name: '' },
  ])
  expect(parseCsv('id\n', 'u.csv')).toEqual([])
})

test('reads back any fields that were written', () => {
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
  ['a row that is too short', 'a,b\n1,2\n3\n', 'users.csv:3: 1 field, but the header has 2\nFix: '],
  ['a row that is too long', 'a,b\n1,2,3\n', 'users.csv:2: 3 fields, but the header has 2\nFix: '],
  ['a short row after a field of two lines', 'a,b\n"x\ny",2\n3\n', 'users.csv:4: 1 field, but the header has 2\nFix: '],
  ['a quote in an unquoted field', 'a,b\n1,x"y\n', 'users.csv:2: misplaced quote\nFix: quote the whole field'],
  ['a quote that is not closed', 'a,b\n1,"x\n', 'users.csv:2: misplaced quote\nFix: quote the whole field'],
  ['a duplicate column', 'a,a\n1,2\n', 'users.csv:1: the column "a" appears twice\nFix: '],
  ['an empty file', '', 'users.csv:1: the header line is missing\nFix: begin the file with the column names'],
])('names file and line of %s', (_, text, message) => {
  expect(() => parseCsv(text, 'users.csv')).toThrow(message)
})

test('names the path of a file with a mistake', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slo-csv-'))
  const path = join(folder, 'users.csv')
  await writeFile(path, 'id\n7\n8,9\n')
  await expect(readCsv(path)).rejects.toThrow(`${path}:3: 2 fields, but the header has 1`)
  await rm(folder, { recursive: true })
})

test('names a missing file by the given and the resolved path', async () => {
  const { message } = (await readCsv('perf/nope.csv').catch((error: unknown) => error)) as Error
  expect(message).toBe(
    `data: csv('perf/nope.csv'): no such file: ${resolve('perf/nope.csv')}\n` +
      `Fix: correct the path. A relative path is resolved against the working directory, ${process.cwd()}; ` +
      `new URL('users.csv', import.meta.url) is resolved against the scenario's file`,
  )
})
