import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCsv, type CsvFormat } from './csv.ts'

const parse = (text: string, format?: CsvFormat) => parseCsv({ name: 'u.csv', text }, format)

test('reads rows by column name, with quotes, doubled quotes, delimiters and line breaks in quotes', () => {
  expect(parse('id,name\r\n1,"a, ""b"""\r\n\r\n2,"two\nlines"\r\n3,')).toEqual([
    { id: '1', name: 'a, "b"' },
    { id: '2', name: 'two\nlines' },
    { id: '3', name: '' },
  ])
  expect(parse('id\n')).toEqual([])
})

test.each([
  ['semicolons', 'id;name\n1;"Doe; Ann"\n2;1,5\n'],
  ['tabs', 'id\tname\n1\tDoe; Ann\n2\t1,5\n'],
  ['a bar that a first line declares', 'sep=|\r\nid|name\r\n1|Doe; Ann\r\n2|1,5'],
  ['semicolons that a quoted first line declares', '"sep=;"\nid;name\n1;"Doe; Ann"\n2;1,5'],
  ['bare carriage returns', 'id,name\r1,Doe; Ann\r2,"1,5"\r'],
  ['spaces around quotes', 'id, "name"\n1,\t"Doe; Ann" \n2, "1,5"\n'],
  ['spaces around column names', ' id ,  name\n1,Doe; Ann\n2,"1,5"\n'],
  ['empty rows', 'id,name\n,\n1,Doe; Ann\n\n,\n2,"1,5"\n,\n'],
  ['empty columns at the end', 'id,name,,\n1,Doe; Ann,,\n2,"1,5",,\n'],
])('reads a file with %s', (_, text) => {
  expect(parse(text)).toEqual([
    { id: '1', name: 'Doe; Ann' },
    { id: '2', name: '1,5' },
  ])
})

test('keeps spaces in fields without quotes, and a row whose fields are quoted and empty', () => {
  expect(parse('a,b\n 1 , 2\n"",\n')).toEqual([
    { a: ' 1 ', b: ' 2' },
    { a: '', b: '' },
  ])
})

test('detects the delimiter with which all rows have as many fields as the header', () => {
  expect(parse('name, first;city\nAnn;Bern\n')).toEqual([{ 'name, first': 'Ann', city: 'Bern' }])
  expect(parse('"a;b",c\n1,2\n')).toEqual([{ 'a;b': '1', c: '2' }])
  expect(parse('id\na;b\n')).toEqual([{ id: 'a;b' }])
})

test('rejects a file that more than one delimiter fits', () => {
  const text = 'a,b;c\n1,2;3\n'
  expect(() => parse(text)).toThrow(
    'u.csv:1:1: the fields may be separated by commas or semicolons\nFix: name the delimiter, as in delimiter: ","',
  )
  expect(parse(text, { delimiter: ';' })).toEqual([{ 'a,b': '1,2', c: '3' }])
})

test('reads back any fields that were written, with any delimiter', () => {
  const field = fc.string({ unit: fc.constantFrom('a', 'é', '😀', '"', ',', ';', '\t', '\n', '\r\n', ' ') })
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
  fc.assert(
    fc.property(
      fc.array(fc.tuple(field, field), { minLength: 1 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.constantFrom(',', ';', '\t'),
      fc.boolean(),
      (rows, end, delimiter, isDetected) => {
        const text = [['x', 'y'], ...rows].map((row) => row.map(quote).join(delimiter)).join(end)
        const read = parse(text, isDetected ? {} : { delimiter })
        expect(read.map(({ x, y }) => [x, y])).toEqual(rows)
      },
    ),
  )
})

test.each([
  ['a row that is too short', 'a,b\n1,2\n3\n', 'u.csv:3:2: 1 field, but the header has 2\nFix: '],
  ['a row that is too long', 'a,b\n1,2,3\n', 'u.csv:2:5: 3 fields, but the header has 2\nFix: '],
  ['a short row after a field of two lines', 'a,b\n"x\ny",2\n3\n', 'u.csv:4:2: 1 field, but the header has 2\nFix: '],
  ['a quote in an unquoted field', 'a,b\n1,x"y\n', 'u.csv:2:4: misplaced quote\nFix: quote the whole field'],
  ['a quote that is not closed', 'a,b\n1,"x\n', 'u.csv:2:3: misplaced quote\nFix: quote the whole field'],
  ['text after a closing quote', 'a;b\r"x" y;2', 'u.csv:2:5: misplaced quote\nFix: quote the whole field'],
  ['a duplicate column', 'a,a\n1,2\n', 'u.csv:1:3: the column "a" appears twice\nFix: '],
  ['a column without a name', 'a,,b\n1,2,3\n', 'u.csv:1:3: column 2 has no name\nFix: name each column'],
  ['a value in a column without a name', 'a,b,\n1,2,3\n', 'u.csv:2:5: a value in column 3, which has no name\nFix: '],
  ['an empty file', '', 'u.csv:1:1: the header line is missing\nFix: begin the file with the column names'],
  ['a wrong row with a detected delimiter', 'a;b\n1;2;3\n', 'and quote fields that contain a semicolon'],
])('names file, line and column of %s', (_, text, message) => {
  expect(() => parse(text)).toThrow(message)
})

test('reads a file of a megabyte with an unclosed quote or one long field in linear time', () => {
  const long = 'x"'.repeat(500_000)
  expect(() => parse(`a\n"${long}`)).toThrow('u.csv:2:')
  expect(parse(`a\n"${'""'.repeat(500_000)}"`)[0]!['a']).toHaveLength(500_000)
})

test('rejects equal rows if rows must be unique, with both places', () => {
  const text = 'id,name\n1,a\n2,"b\nc"\n1,"a"\n'
  expect(() => parse(text, { isUnique: true })).toThrow(
    'u.csv:5:1: the same row as u.csv:2:1, but rows must be unique\nFix: remove one of them, or the option unique',
  )
  expect(parse(text)).toHaveLength(3)
})
