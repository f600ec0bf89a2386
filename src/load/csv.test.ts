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

/** Reads the bytes as a file, whose folder is left out of an error. */
async function readBytes(bytes: Uint8Array): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'slo-csv-'))
  try {
    await writeFile(join(folder, 'users.csv'), bytes)
    return await readCsv(join(folder, 'users.csv'))
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '')
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('reads UTF-16 by its byte order mark, in both byte orders', async () => {
  const littleEndian = Buffer.from('\uFEFFid,name\n1,Zoé\n', 'utf16le')
  expect(await readBytes(littleEndian)).toEqual([{ id: '1', name: 'Zoé' }])
  expect(await readBytes(Buffer.from(littleEndian).swap16())).toEqual([{ id: '1', name: 'Zoé' }])
})

test('rejects bytes that are not UTF-8, with line, encoding and fix', async () => {
  expect(await readBytes(Buffer.from('id,name\n1,Ann\n2,Zoé\n', 'latin1'))).toBe(
    'users.csv:3: the line is not UTF-8 but probably Latin-1 (Windows-1252)\n' +
      'Fix: convert it: iconv -f WINDOWS-1252 -t UTF-8 users.csv > utf-8.csv',
  )
  expect(await readBytes(Buffer.from('id,é', 'latin1'))).toContain('users.csv:1: the line is not UTF-8')
  expect(await readBytes(Buffer.from('id,name\n1,Ann\n', 'utf16le'))).toBe(
    'users.csv:1: a zero byte, so the file is not UTF-8 but probably UTF-16 without a byte order mark\n' +
      'Fix: convert it: iconv -f UTF-16LE -t UTF-8 users.csv > utf-8.csv',
  )
  expect(await readBytes(Buffer.from('id,name\n1,Zoé \uFFFD\n'))).toEqual([{ id: '1', name: 'Zoé \uFFFD' }])
})

test('rejects equal rows if each VU needs its own, with both lines', () => {
  const text = 'id,name\n1,a\n2,"b\nc"\n1,"a"\n'
  expect(() => parseCsv(text, 'users.csv', true)).toThrow(
    'users.csv:5: the same row as in line 2, but each VU needs its own\nFix: remove one of them, or the option unique',
  )
  expect(parseCsv(text, 'users.csv')).toHaveLength(3)
})

test('names a missing file by the given and the resolved path', async () => {
  const { message } = (await readCsv('perf/nope.csv').catch((error: unknown) => error)) as Error
  expect(message).toBe(
    `data: csv('perf/nope.csv'): no such file: ${resolve('perf/nope.csv')}\n` +
      `Fix: correct the path. A relative path is resolved against the working directory, ${process.cwd()}; ` +
      `new URL('users.csv', import.meta.url) is resolved against the scenario's file`,
  )
})
