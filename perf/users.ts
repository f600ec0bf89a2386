import { readFileSync } from 'node:fs'
import { userCount, userId, userToken } from '../fixtures/target/identities.ts'

/** Credentials of a virtual user. */
export interface User {
  readonly token: string
}

/** A user with the id that the ledger uses. */
export interface Voter extends User {
  readonly id: string
}

/**
 * Users of the target, one for each virtual user: the owners of the bearer tokens in `PERF_TOKENS_FILE`, one token per
 * line, or else the users of the reference target.
 *
 * @throws {Error} if the file is invalid, or if there are more virtual users than users. The message contains no token
 */
export function* users(file = process.env['PERF_TOKENS_FILE']): Generator<User> {
  if (file) {
    const tokens = readTokens(file)
    yield* tokens.map((token) => ({ token }))
    throw new Error(
      `${file} (PERF_TOKENS_FILE) has ${tokens.length} tokens, fewer than the virtual users of this load\nFix: add tokens, one for each virtual user, or set a smaller PERF_SCALE`,
    )
  }
  for (let index = 0; index < userCount; index++) yield { token: userToken(index) }
  throw new Error(
    `the reference target has ${userCount} users, fewer than the virtual users of this load\nFix: lower vus`,
  )
}

/** {@link users} with their ids. The ids of users from a file are requested from the target. */
export async function* voters(targetUrl: string, file = process.env['PERF_TOKENS_FILE']): AsyncGenerator<Voter> {
  let index = 0
  for (const user of users(file)) {
    yield { ...user, id: file ? await fetchId(targetUrl, user, index + 1) : userId(index) }
    index++
  }
}

/** Header that authenticates a user. */
export function authorization({ token }: User): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}

async function fetchId(targetUrl: string, user: User, position: number): Promise<string> {
  const response = await fetch(new URL('/api/me', targetUrl), { headers: authorization(user) })
  if (!response.ok)
    throw new Error(
      `GET /api/me responded with ${response.status} to token ${position} of PERF_TOKENS_FILE\nFix: replace the token`,
    )
  return ((await response.json()) as { id: string }).id
}

function readTokens(file: string): readonly string[] {
  const tokens = contentOf(file)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const invalid = tokens.findIndex((token) => !/^[\x21-\x7E]+$/.test(token))
  const repeated = tokens.findIndex((token, at) => tokens.indexOf(token) !== at)
  if (tokens.length === 0)
    throw new Error(`${file} (PERF_TOKENS_FILE) contains no token\nFix: write one bearer token per line`)
  if (invalid !== -1)
    throw new Error(
      `entry ${invalid + 1} of ${file} (PERF_TOKENS_FILE) is not a token\nFix: write only the bearer token on each line`,
    )
  if (repeated !== -1)
    throw new Error(
      `entry ${repeated + 1} of ${file} (PERF_TOKENS_FILE) repeats an earlier token\nFix: remove it; each virtual user must be a different user`,
    )
  return tokens
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(
      `${file} (PERF_TOKENS_FILE) cannot be read: ${(error as NodeJS.ErrnoException).code}\nFix: set the path of a file with one bearer token per line`,
      { cause: error },
    )
  }
}
