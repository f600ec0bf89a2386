import { expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { sharedIterations } from '../load/builders.ts'
import { engineFor, response, scriptedServer } from '../testing/scripted-server.ts'
import type { RequestSpec } from './types.ts'

const LEAK = 'Zk9qXvW3LmPz'
const load = sharedIterations({ iterations: 1, vus: 1 })

/** Everything that a run of a request reports if the target responds with the secret. */
async function reportOf(request: RequestSpec, { status = '500 Error', isChecked = false, ofRun = false } = {}) {
  await using server = await scriptedServer({
    onRequest: (socket) => void socket.write(response(`received ${LEAK} and kept-word`, { status })),
  })
  const { http } = engineFor(server.url)
  const { headers, ...others } = request
  const run = await http.run({
    load,
    ...(ofRun && headers !== undefined ? { headers } : {}),
    request: {
      ...others,
      ...(ofRun || headers === undefined ? {} : { headers }),
      ...(isChecked ? { check: (received) => `wrong body: ${received.text()}` } : {}),
    },
  })
  const { hint, evidenceLines } = run[evidenceOf]()
  return [hint, ...evidenceLines].join('\n')
}

test.each<[string, Omit<RequestSpec, 'path'> & { path?: string }]>([
  ['a raw key', { headers: { authorization: LEAK } }],
  ['a scheme of its own', { headers: { Authorization: `Custom ${LEAK}` } }],
  ['a proxy', { headers: { 'Proxy-Authorization': `Custom ${LEAK}` } }],
  ['x-api-key', { headers: { 'x-api-key': LEAK } }],
  ['one of several values', { headers: { 'x-auth-token': ['another-value', LEAK] } }],
  ['a cookie', { headers: { cookie: `theme=dark; sid=${LEAK}` } }],
  ['a query parameter', { path: `/?page=1&access_token=${LEAK}` }],
  ['a field of the body', { method: 'POST', body: { user: { password: LEAK } } }],
  ['a field of a form', { method: 'POST', body: new URLSearchParams({ password: LEAK }) }],
])('masks what the target repeats of %s', async (_, request) => {
  const spec = { path: '/', ...request }
  for (const options of [{}, { status: '200 OK', isChecked: true }, { ofRun: true }]) {
    const report = await reportOf(spec, options)
    expect(report).not.toContain(LEAK)
    expect(report).toContain('received *** and kept-word')
  }
})

test('does not mask values of other names, and short ones', async () => {
  const report = await reportOf({ path: '/', headers: { 'x-trace': LEAK, 'x-api-key': 'kept' } })
  expect(report).toContain(`received ${LEAK} and kept-word`)
})
