import { expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { constantVus } from '../load/builders.ts'
import { engineFor, response, scriptedServer } from '../testing/scripted-server.ts'

const load = constantVus({ vus: 10, thinkTime: '20ms', duration: '2s' })
const request = ({ vu }: { readonly vu: { readonly id: number } }) => ({ path: `/${vu.id}` })

/** Responds at once, but not to VUs 0 and 1, except to their third request if `isOnce`. */
function serverWithoutTwo(isOnce: boolean) {
  const seen = [0, 0]
  return scriptedServer({
    onRequest(socket, head) {
      const id = Number(/\/(\d+)/.exec(head)![1])
      if (id < 2 && !(isOnce && ++seen[id]! === 3)) return
      socket.write(response())
    },
  })
}

test('users that never get a response count as many requests as the others', async () => {
  await using server = await serverWithoutTwo(false)
  const run = await engineFor(server.url).http.run({ load, request, timeout: '400ms' })
  // Two of ten users, although they sent five requests each while the others sent about ninety.
  expect(run.errors.get('timeout')).toBeLessThanOrEqual(12)
  expect(run.errorRate).toBeGreaterThan(0.15)
  expect(run.errorRate).toBeLessThan(0.25)
  expect('latency' in run && run.latency.p90Ms).toBe(Number.POSITIVE_INFINITY)
  expect(run[evidenceOf]().hint).toMatch(
    /^find out why the target does not serve some of the users: \d+ more requests were due from VUs that got no good response in all their time; most errors: no response$/,
  )
})

test('time-outs of users that also get responses count as they are', async () => {
  await using server = await serverWithoutTwo(true)
  const run = await engineFor(server.url).http.run({ load, request, timeout: '400ms' })
  expect(run.dropped).toBe(0)
  expect(run.errors.get('timeout')).toBeGreaterThan(4)
})
