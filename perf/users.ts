import { readFileSync } from 'node:fs'
import { userCount, userId, userToken } from '../fixtures/target/identities.ts'

/** What a virtual user is known by. */
export interface User {
  readonly token: string
}

/** A user whose id is known too, as the ledger names it. */
export interface Voter extends User {
  readonly id: string
}

/**
 * A user of the target for each virtual user that asks: those of the reference target, or, where the file named in
 * `PERF_TOKENS_FILE` holds bearer tokens, one a line, theirs.
 *
 * @throws {Error} if the file cannot be used, and where there are more virtual users than users. Shows no token
 */
export function* users(file = process.env['PERF_TOKENS_FILE']): Generator<User> {
  if (file) {
    const tokens = readTokens(file)
    yield* tokens.map((token) => ({ token }))
    throw new Error(
      `${file} (PERF_TOKENS_FILE) has ${tokens.length} tokens and this load more virtual users, each of whom needs one of their own: add tokens, or choose a smaller PERF_SCALE`,
    )
  }
  for (let index = 0; index < userCount; index++) yield { token: userToken(index) }
  throw new Error(`the reference target has ${userCount} users and this load more virtual users: lower vus`)
}

/** {@link users} with their ids. Whose token is from a file is asked of the target. */
export async function* voters(targetUrl: string, file = process.env['PERF_TOKENS_FILE']): AsyncGenerator<Voter> {
  let index = 0
  for (const user of users(file)) {
    yield { ...user, id: file ? await askId(targetUrl, user, index + 1) : userId(index) }
    index++
  }
}

/** The header by which the target knows a user. */
export function authorization({ token }: User): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}

async function askId(targetUrl: string, user: User, position: number): Promise<string> {
  const response = await fetch(new URL('/api/me', targetUrl), { headers: authorization(user) })
  if (!response.ok)
    throw new Error(
      `GET /api/me responded with ${response.status} to token ${position} of PERF_TOKENS_FILE; replace it`,
    )
  return ((await response.json()) as { id: string }).id
}

function readTokens(file: string): readonly string[] {
  const tokens = contentOf(file)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const broken = tokens.findIndex((token) => !/^[\x21-\x7E]+$/.test(token))
  const repeated = tokens.findIndex((token, at) => tokens.indexOf(token) !== at)
  if (tokens.length === 0) throw new Error(`${file} (PERF_TOKENS_FILE) holds no token; it must hold one a line`)
  if (broken !== -1)
    throw new Error(`entry ${broken + 1} of ${file} (PERF_TOKENS_FILE) is no token; each line must hold one, alone`)
  if (repeated !== -1)
    throw new Error(
      `entry ${repeated + 1} of ${file} (PERF_TOKENS_FILE) repeats an earlier one, and two virtual users must not be one user`,
    )
  return tokens
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(
      `${file} (PERF_TOKENS_FILE) cannot be read, ${(error as NodeJS.ErrnoException).code}; name a file of bearer tokens, one a line`,
      { cause: error },
    )
  }
}
