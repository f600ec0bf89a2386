import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { userCount, userId, userToken } from '../fixtures/target/identities.ts'
import { redactText } from '../src/options/redact.ts'
import { users, voters } from './users.ts'

const folder = mkdtempSync(join(tmpdir(), 'tokens-'))
afterAll(() => rmSync(folder, { recursive: true }))

function tokensFile(content: string): string {
  const file = join(folder, 'tokens')
  writeFileSync(file, content)
  return file
}

test('returns exactly the users of the reference target without a file', async () => {
  const all = users('')
  expect(all.next().value).toEqual({ token: userToken(0) })
  expect(all.drop(userCount - 2).next().value).toEqual({ token: userToken(userCount - 1) })
  expect(() => [...users('')]).toThrow(`the reference target has ${userCount} users`)
  for await (const voter of voters('http://never.requested', '')) {
    expect(voter).toEqual({ token: userToken(0), id: userId(0) })
    break
  }
})

test('reads one token per line, with any line ending', () => {
  const tokens = users(tokensFile('first\r\n\n  second\n')).map(({ token }) => token)
  expect([...tokens.take(2)]).toEqual(['first', 'second'])
})

test('rejects an invalid file, and more virtual users than tokens', () => {
  const messageFor = (content: string) => {
    try {
      return [...users(tokensFile(content))].length
    } catch (error) {
      return redactText((error as Error).message).replace(folder, '…')
    }
  }
  expect(messageFor('secret-one\nsecret-two')).toMatchInlineSnapshot(
    `
    "…/tokens (PERF_TOKENS_FILE) has 2 tokens, fewer than the virtual users of this load
    Fix: add tokens, one for each virtual user, or set a smaller PERF_SCALE"
  `,
  )
  expect(messageFor(' \n')).toMatchInlineSnapshot(
    `
    "…/tokens (PERF_TOKENS_FILE) contains no token
    Fix: write one bearer token per line"
  `,
  )
  expect(messageFor('secret-one\nBearer secret-two')).toMatchInlineSnapshot(
    `
    "entry 2 of …/tokens (PERF_TOKENS_FILE) is not a token
    Fix: write only the bearer token on each line"
  `,
  )
  expect(messageFor('secret-one\nsecret-two\nsecret-one')).toMatchInlineSnapshot(
    `
    "entry 3 of …/tokens (PERF_TOKENS_FILE) repeats an earlier token
    Fix: remove it; each virtual user must be a different user"
  `,
  )
  expect(() => users('/no/such/file').next()).toThrowErrorMatchingInlineSnapshot(
    `
    [Error: /no/such/file (PERF_TOKENS_FILE) cannot be read: ENOENT
    Fix: set the path of a file with one bearer token per line]
  `,
  )
})

test('requests the ids of users from a file from the target', async () => {
  const requests: (string | undefined)[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.authorization}`)
    response.statusCode = requests.length === 3 ? 401 : 200
    response.end(JSON.stringify({ id: `user-${requests.length}` }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const all = voters(`http://127.0.0.1:${port}`, tokensFile('first\nsecond\nthird\n'))
  expect((await all.next()).value).toEqual({ token: 'first', id: 'user-1' })
  expect((await all.next()).value).toEqual({ token: 'second', id: 'user-2' })
  await expect(all.next()).rejects.toThrow(
    'GET /api/me responded with 401 to token 3 of PERF_TOKENS_FILE\nFix: replace the token',
  )
  expect(requests).toEqual(['/api/me Bearer first', '/api/me Bearer second', '/api/me Bearer third'])
  server.close()
})
