import { describe, expect, test } from 'vitest'
import type { HttpResponse } from '../http/response.ts'
import { forgetsItsReturn } from './forgotten-return.ts'

type Body = { ok: boolean; items: number[] }
type Checked = (response: HttpResponse) => unknown
const seen = new Set<number>()
const assertOrder = (value: unknown) => void value
const failures = { count: 0 }
let outcome = 'none'
void outcome

/* oxlint-disable no-unused-expressions, eqeqeq, typescript/consistent-return -- these functions must drop their results */
const FORGETFUL: readonly Checked[] = [
  (r) => {
    r.status === 200
  },
  ({ status }) => {
    status < 300 && status != 204 // a comment with return
  },
  (r) => {
    const body = r.json<Body>()
    body.items.every((item) => item > 0)
  },
  (r) => {
    r.text().includes('return "x"')
  },
  (r) => {
    let ok
    ok = r.status === 500
    void ok
  },
  (r) => {
    // oxlint-disable-next-line no-unused-vars -- as in a check that forgets its return
    let ok = true
    // oxlint-disable-next-line no-unused-vars
    let count = 0
    ok &&= r.status === 200
    count += r.json<Body>().items.length
  },
  function check(r) {
    Object.keys(r.json<Body>()).length > 2
  },
  {
    check(r: HttpResponse) {
      if (!r.json<Body>().ok) {
      }
    },
  }.check,
]

const SOUND: readonly Checked[] = [
  (r) => r.status === 200,
  (r) => {
    return r.status === 200
  },
  (r) => {
    if (r.status !== 200) return 'wrong status'
  },
  (r) => {
    if (r.status !== 200) throw new Error('wrong status')
  },
  (r) => {
    expect(r.status === 200).toBe(true)
  },
  (r) => {
    assertOrder(r.json<Body>().items.length > 0)
  },
  (r) => {
    r.status === 200 && assertOrder(r)
  },
  (r) => {
    r.json()
  },
  (r) => {
    if (r.status === 500) failures.count = 1
  },
  (r) => {
    if (r.status === 500) outcome = 'failed'
  },
  (r) => {
    if (r.status === 500) failures.count++
  },
  (r) => {
    if (r.status === 500) seen.add(r.status)
  },
  (r) => {
    ;(r.text() as unknown as { should: { match(pattern: RegExp): void } }).should.match(/<html>/)
  },
  () => {},
  Object.is as unknown as Checked,
  assertOrder.bind(undefined),
]
/* oxlint-enable */

describe('forgetsItsReturn', () => {
  test.each(FORGETFUL.map((check) => [String(check), check] as const))('returns true for %s', (_, check) => {
    expect(forgetsItsReturn(check)).toBe(true)
  })

  test.each(SOUND.map((check) => [String(check), check] as const))('returns false for %s', (_, check) => {
    expect(forgetsItsReturn(check)).toBe(false)
  })
})
