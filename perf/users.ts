import { userToken } from '../fixtures/target/identities.ts'

/** What a virtual user is known by. */
export interface User {
  readonly token: string
}

/** The first `count` users of the target, one for each virtual user. */
export function users(count: number): User[] {
  return Array.from({ length: count }, (_, index) => ({ token: userToken(index) }))
}

/** The header by which the target knows a user. */
export function authorization({ token }: User): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}
