import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { JsonFileError, readJsonFile } from './json-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slo-json-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

/** Message and fix of the error for a file. */
async function errorFor(path: string): Promise<string> {
  const error = await readJsonFile(path).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(JsonFileError)
  const { message, fix } = error as JsonFileError
  return [message.replaceAll(folder, '…'), ...(fix === undefined ? [] : [fix])].join(' | ')
}

test.each<[string, string | Buffer, string]>([
  ['nothing', '', '…/a.json is empty'],
  ['blank lines', ' \n\n', '…/a.json is empty'],
  [
    'half an object',
    '{"a": [1, 2], "b": "x',
    String.raw`…/a.json ends in the middle: 21 characters were read, the last ones are "{\"a\": [1, 2], \"b\": \"x"`,
  ],
  [
    'half a word',
    '{"a": tru',
    String.raw`…/a.json ends in the middle: 9 characters were read, the last ones are "{\"a\": tru"`,
  ],
  [
    'half a number',
    '{"a": -\n',
    String.raw`…/a.json ends in the middle: 8 characters were read, the last ones are "{\"a\": -"`,
  ],
  [
    'half a list',
    '{"a": [1,\n\n',
    String.raw`…/a.json ends in the middle: 11 characters were read, the last ones are "{\"a\": [1,"`,
  ],
  [
    'two objects',
    '{}\n{}',
    '…/a.json is not JSON: Unexpected non-whitespace character after JSON at position 3 (line 2 column 1)',
  ],
  ['other text', 'hello\nworld', `…/a.json is not JSON: Unexpected token 'h', "hello world" is not valid JSON`],
  ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), '…/a.json is UTF-16 text, and must be UTF-8 | save it as UTF-8'],
  ['bytes that are not text', Buffer.from([0x1f, 0x8b, 0x08, 0xff]), '…/a.json is not text in UTF-8'],
])('rejects a file with %s', async (_, content, message) => {
  const path = join(folder, 'a.json')
  await writeFile(path, content)
  expect(await errorFor(path)).toBe(message)
})

test('rejects a folder, a device and a link to itself', async () => {
  const [inside, link] = [join(folder, 'inside'), join(folder, 'link')]
  await mkdir(inside)
  await symlink(link, link)
  expect(await errorFor(inside)).toBe('…/inside is a folder, not a file | pass the path of a file')
  expect(await errorFor('/dev/zero')).toBe('/dev/zero is a device, not a file | pass the path of a file')
  expect(await errorFor(link)).toMatch(/^…\/link cannot be read: ELOOP.* \| make the file readable$/)
})

test('reads a file with a byte order mark, through a link, and returns undefined if there is none', async () => {
  await writeFile(join(folder, 'a.json'), '\ufeff{"a": "ü"}\n')
  await symlink(join(folder, 'a.json'), join(folder, 'b.json'))
  expect(await readJsonFile(join(folder, 'b.json'))).toEqual({ a: 'ü' })
  expect(await readJsonFile(join(folder, 'none.json'))).toBeUndefined()
})
