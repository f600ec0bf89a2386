import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { evidenceOf } from '../../evidence/evidence.ts'
import { constantVus, sharedIterations } from '../../load/builders.ts'
import { redactText } from '../../options/redact.ts'
import { registeredSecrets } from '../../options/registered-values.ts'
import { engineFor, response, scriptedServer, type ScriptedServer } from '../../testing/scripted-server.ts'
import type { HttpRunOptions } from '../types.ts'
import { basicAuth, bearerAuth, type AccessToken } from './auth.ts'

const one = sharedIterations({ iterations: 1, vus: 1 })
const soon = constantVus({ vus: 1, duration: '500ms', thinkTime: '10ms' })

const echoServer = () =>
  scriptedServer({
    onRequest: (socket, head) =>
      void socket.write(
        response(`sent: ${authorizationOf(head)}`, { status: head.includes(' /broken') ? '500 No' : '200 OK' }),
      ),
  })

function authorizationOf(head: string): string {
  return /^authorization: (.*)$/im.exec(head)?.[1] ?? '-'
}

const sentTo = ({ requests }: ScriptedServer) => requests.map(authorizationOf)

function runAgainst(server: Pick<ScriptedServer, 'url'>, options: Partial<HttpRunOptions>) {
  const sends = options.flow === undefined ? { request: { path: '/' } } : {}
  return engineFor(server.url).http.run({ load: one, ...sends, ...options } as HttpRunOptions)
}

async function messageOf(options: Partial<HttpRunOptions>): Promise<string> {
  await using server = await echoServer()
  const error: unknown = await runAgainst(server, options).then(
    () => 'no error',
    (thrown: unknown) => thrown,
  )
  return error instanceof Error ? error.message : String(error)
}

/** A refresh that counts its calls. */
function counted(refresh: (call: number) => AccessToken | Promise<AccessToken>) {
  const calls = { count: 0, running: 0, mostRunning: 0 }
  return Object.assign(
    async () => {
      calls.running++
      calls.mostRunning = Math.max(calls.mostRunning, calls.running)
      const token = await refresh(++calls.count)
      calls.running--
      return token
    },
    { calls },
  )
}

test('basicAuth sends the credentials in UTF-8, and registers the password', async () => {
  await using server = await echoServer()
  await runAgainst(server, { auth: basicAuth({ username: 'ann', password: 'pässword-1' }) })
  expect(sentTo(server)).toEqual([`Basic ${Buffer.from('ann:pässword-1').toString('base64')}`])
  expect(registeredSecrets()).toContain('pässword-1')
})

test('a fixed token is sent with each request that has no authorization of its own', async () => {
  await using server = await echoServer()
  await runAgainst(server, {
    auth: bearerAuth({ token: 'token-1' }),
    flow: async ({ request }) => {
      await request({ path: '/' })
      await request({ path: '/', headers: { Authorization: 'Bearer own' } })
    },
  })
  expect(sentTo(server)).toEqual(['Bearer token-1', 'Bearer own'])
  expect(registeredSecrets()).toContain('token-1')
})

test('auth replaces the credentials of the base URL', async () => {
  await using server = await echoServer()
  const url = server.url.replace('//', '//user:password@')
  await runAgainst({ url }, { auth: bearerAuth({ token: 'token-2' }) })
  expect(sentTo(server)).toEqual(['Bearer token-2'])
})

test('one token is fetched before the load and shared by all VUs', async () => {
  await using server = await echoServer()
  const refresh = counted((call) => ({ token: `shared-${call}` }))
  await runAgainst(server, { load: sharedIterations({ iterations: 6, vus: 3 }), auth: bearerAuth({ refresh }) })
  expect(new Set(sentTo(server))).toEqual(new Set(['Bearer shared-1']))
  expect(refresh.calls.count).toBe(1)
  expect(registeredSecrets()).toContain('shared-1')
})

test('each VU has its own token by `scope`, at most 20 of them fetched at one time', async () => {
  await using server = await echoServer()
  const calls = { running: 0, most: 0 }
  const data = Array.from({ length: 50 }, (_, id) => ({ user: `user-${id}` }))
  const { http } = engineFor(server.url)
  await http.run({
    load: sharedIterations({ iterations: 50, vus: 50 }),
    data,
    request: ({ vu }) => ({ path: `/${vu.data.user}` }),
    auth: bearerAuth<{ user: string }>({
      scope: 'vu',
      async refresh({ vu }) {
        calls.most = Math.max(calls.most, ++calls.running)
        await sleep(1)
        calls.running--
        return { token: vu.data.user }
      },
    }),
  })
  expect(calls.most).toBe(20)
  for (const head of server.requests) expect(authorizationOf(head)).toBe(`Bearer ${head.split(' ')[1]!.slice(1)}`)
})

test('a token is refreshed before it expires, without delaying requests, one refresh at a time', async () => {
  await using server = await echoServer()
  const refresh = counted(async (call) => {
    if (call > 1) await sleep(30)
    // Half of the lifetime remains for a refresh on a busy machine.
    return { token: `short-${call}`, expiresIn: '600ms' }
  })
  const load = constantVus({ vus: 1, duration: '1s', thinkTime: '10ms' })
  const run = await runAgainst(server, { load, auth: bearerAuth({ refresh, refreshBefore: '300ms' }) })
  expect(run.errorRate).toBe(0)
  expect(refresh.calls.count).toBeGreaterThanOrEqual(3)
  expect(refresh.calls.mostRunning).toBe(1)
  // On a busy machine, the first token may be replaced before the first request.
  const calls = [...new Set(sentTo(server))].map((header) => Number(/^Bearer short-(\d)$/.exec(header)?.[1]))
  expect(calls.length).toBeGreaterThanOrEqual(2)
  expect(calls).toEqual(calls.toSorted((a, b) => a - b))
  const { count } = refresh.calls
  await sleep(400)
  expect(refresh.calls.count, 'after the run').toBe(count)
})

describe('the scenario fails', () => {
  test('if the first token cannot be fetched', async () => {
    const refresh = () => Promise.reject(new Error('401 from the identity provider'))
    expect(await messageOf({ auth: bearerAuth({ refresh }) })).toMatchInlineSnapshot(`
      "refresh() of bearerAuth() failed: 401 from the identity provider
      Fix: check the identity provider, and the request that refresh() sends"
    `)
    expect(await messageOf({ auth: bearerAuth({ scope: 'vu', refresh }) })).toContain('failed for VU 0: 401')
  })

  test('if a later one cannot be fetched', async () => {
    const refresh = counted((call) => {
      if (call > 1) throw new Error('identity provider is down')
      return { token: 'only-one', expiresIn: '100ms' }
    })
    expect(await messageOf({ load: soon, auth: bearerAuth({ refresh }) })).toContain('identity provider is down')
  })

  test('if the token expires before the next one is there', async () => {
    const refresh = counted(async (call) => {
      if (call > 1) await sleep(400)
      return { token: 'late-one', expiresIn: '100ms' }
    })
    expect(await messageOf({ load: soon, auth: bearerAuth({ refresh }) })).toMatchInlineSnapshot(`
      "the token of bearerAuth() expired before refresh() returned a new one
      Fix: raise refreshBefore, or find out why the identity provider is slow"
    `)
  })

  test('if refresh returns no token, which is not shown', async () => {
    const wrong = (returned: unknown) => messageOf({ auth: bearerAuth({ refresh: () => returned as AccessToken }) })
    expect(await wrong({ access_token: 'abc' })).toMatchInlineSnapshot(`
      "refresh() of bearerAuth() returned an invalid token, because token must be a string of letters, digits and -._~+/=
      Fix: return { token, expiresIn }, for example the access_token of the response and 1000 * its expires_in"
    `)
    // Reports mask secrets by their form; the texts of this package must not look like one.
    const message = await wrong({ access_token: 'abc' })
    expect(redactText(message, [])).toBe(message)
    expect(await wrong({ token: 'a secret with spaces' })).not.toContain('spaces')
    expect(await wrong({ token: 'abc', expiresIn: 'soon' })).toContain('expiresIn must be a duration above 0')
  })

  test('if refresh takes longer than the time-out of a request', async () => {
    const auth = bearerAuth({ refresh: () => new Promise<AccessToken>(() => {}) })
    expect(await messageOf({ auth, timeout: '50ms' })).toContain(
      'refresh() of bearerAuth() failed: no token within 50 ms',
    )
  })
})

test('an abort ends the wait for a token', async () => {
  await using server = await echoServer()
  const ended = new AbortController()
  const { http } = engineFor(server.url, { signal: ended.signal })
  const refresh = () => {
    ended.abort()
    return new Promise<AccessToken>(() => {})
  }
  const run = await http.run({ load: one, request: { path: '/' }, auth: bearerAuth({ refresh }) })
  expect(run.sent).toBe(0)
})

test('tokens of VUs that a response repeats are masked', async () => {
  await using server = await echoServer()
  const auth = bearerAuth<undefined>({ scope: 'vu', refresh: ({ vu }) => ({ token: `opaque-${vu.id}-x` }) })
  const run = await runAgainst(server, {
    load: sharedIterations({ iterations: 20, vus: 2 }),
    auth,
    flow: async ({ request }) => {
      await request({ path: '/broken', check: (it) => `is ${it.text().slice(-10)}`, expectStatus: 500 })
    },
  })
  const { hint, evidenceLines } = run[evidenceOf]()
  expect([hint, ...evidenceLines].join('\n')).not.toContain('opaque-')
})

test('rejects invalid options, without their secrets', async () => {
  const messages = [
    () => basicAuth({ username: 'a:b', password: '' }),
    () => bearerAuth({ token: 'two words' }),
    () => bearerAuth({ token: 'a', refresh: () => ({ token: 'b' }) } as never),
    () => bearerAuth({ refreshBefore: 'x' } as never),
  ].map((call) => {
    try {
      call()
      return 'no error'
    } catch (error) {
      return (error as Error).message
    }
  })
  messages.push(
    await messageOf({ auth: 'Bearer x' as never }),
    await messageOf({ auth: bearerAuth({ token: 'token-3' }), headers: { Authorization: 'Bearer secret-of-mine' } }),
  )
  expect(messages.join('\n\n')).toMatchInlineSnapshot(`
    "basicAuth() received 2 invalid options:

      username: must be a string without a colon
        Received: 'a:b'
        Fix:      write, for example, username: 'perf'
      password: must be a string
        Received: ''
        Fix:      write, for example, password: process.env['PERF_PASSWORD']!

    bearerAuth() received an invalid option:

      token: must be a string of letters, digits and -._~+/=
        Received: '***'
        Fix:      write, for example, token: process.env['PERF_TOKEN']!

    bearerAuth() received an invalid option:

      token: must not be given with refresh
        Received: '***'
        Fix:      write, for example, token: undefined

    bearerAuth() received 2 invalid options:

      refresh: must be a function
        Received: undefined
        Fix:      write, for example, refresh: async () => ({ token: await login(), expiresIn: '1h' })
      refreshBefore: must be a duration at least 0 ms: '2m', '1.5s', '500ms', or a number of milliseconds
        Received: 'x'
        Fix:      write, for example, refreshBefore: '2m'

    http.run() received an invalid option:

      auth: must be the result of basicAuth() or bearerAuth()
        Received: '***'
        Fix:      write, for example, auth: basicAuth({ username: 'perf', password })

    http.run() received an invalid option:

      headers: must not have an authorization header together with auth
        Received: 'Authorization'
        Fix:      write, for example, auth: bearerAuth({ token })"
  `)
})
