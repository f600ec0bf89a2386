import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { placeIn, readTextFile } from './text-file.ts'

/** The text of a file of these bytes, or the message of the error without the folder. */
async function read(bytes: Uint8Array, encoding?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slo-text-'))
  try {
    await writeFile(join(folder, 'users.csv'), bytes)
    return (await readTextFile('csv', join(folder, 'users.csv'), encoding)).text
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '')
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('reads UTF-8, and UTF-16 by its byte order mark, in both byte orders', async () => {
  const littleEndian = Buffer.from('\uFEFFid,Zoé\n', 'utf16le')
  expect(await read(Buffer.from('\uFEFFid,Zoé\n'))).toBe('id,Zoé\n')
  expect(await read(littleEndian)).toBe('id,Zoé\n')
  expect(await read(Buffer.from(littleEndian).swap16())).toBe('id,Zoé\n')
  expect(await read(Buffer.from('id,Zoé \uFFFD\n'))).toBe('id,Zoé \uFFFD\n')
})

test('reads the encoding that is named, unless there is a byte order mark', async () => {
  expect(await read(Buffer.from('Zoé', 'latin1'), 'windows-1252')).toBe('Zoé')
  expect(await read(Buffer.from('Zoé', 'utf16le'), 'utf-16le')).toBe('Zoé')
  expect(await read(Buffer.from('\uFEFFZoé', 'utf16le'), 'windows-1252')).toBe('Zoé')
  expect(await read(Buffer.from('Zoé', 'latin1'), 'utf-8')).toBe(
    'users.csv: the file is not utf-8\nFix: correct the option encoding',
  )
})

test('rejects bytes that are not UTF-8, with place, encoding and fix', async () => {
  expect(await read(Buffer.from('id,name\n1,Ann\n2,Zoé\n', 'latin1'))).toBe(
    'users.csv:3:5: the line is not UTF-8 but probably Latin-1 (Windows-1252)\n' +
      "Fix: set encoding: 'windows-1252', or save the file as UTF-8",
  )
  expect(await read(Buffer.concat([Buffer.from('é😀,'), Buffer.from('é', 'latin1')]))).toContain('users.csv:1:5: ')
  expect(await read(Buffer.from('id,name\n1,Ann\n', 'utf16le'))).toBe(
    'users.csv:1:2: a zero byte, so the file is not UTF-8 but probably UTF-16 without a byte order mark\n' +
      "Fix: set encoding: 'utf-16le', or save the file as UTF-8",
  )
})

test('counts lines as spreadsheets and editors do', () => {
  const text = 'a\r\nb\rc\nd'
  const places = Array.from(text, (_, offset) => placeIn({ name: 'f', text }, offset))
  expect(places).toEqual(['f:1:1', 'f:1:2', 'f:1:3', 'f:2:1', 'f:2:2', 'f:3:1', 'f:3:2', 'f:4:1'])
})

test('names a missing file by the given and the resolved path', async () => {
  await expect(readTextFile('json', 'perf/nope.json')).rejects.toThrow(
    `data: json('perf/nope.json'): no such file: ${resolve('perf/nope.json')}\n` +
      `Fix: correct the path. A relative path is resolved against the working directory, ${process.cwd()}; ` +
      `new URL('nope.json', import.meta.url) is resolved against the scenario's file`,
  )
})
