import { expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { constantVus, sharedIterations } from '../load/builders.ts'
import { engineFor, response, scriptedServer, type ScriptedServer } from '../testing/scripted-server.ts'
import { loadCookiePackage, VuCookies } from './cookies.ts'
import type { FlowContext, FlowRequestSpec, HttpRunOptions } from './types.ts'

const cookiesOf = async () => new VuCookies(await loadCookiePackage(), 'per-iteration')

test.each([
  ['sid=1', 'http://127.0.0.1:3000/a/b', 'http://127.0.0.1:4000/a', 'sid=1'],
  ['sid=1; Secure', 'http://127.0.0.1/', 'http://127.0.0.1/', 'sid=1'],
  ['sid=1; Secure', 'http://localhost:3000/', 'http://localhost:3000/', 'sid=1'],
  ['sid=1; Domain=localhost', 'http://localhost/', 'http://localhost/', 'sid=1'],
  ['sid=1; Secure', 'http://[::1]:3000/', 'http://[::1]:3000/', 'sid=1'],
  ['sid=1; Secure', 'http://shop.example.com/', 'http://shop.example.com/', undefined],
  ['sid=1; Secure', 'https://shop.example.com/', 'http://shop.example.com/', undefined],
  ['sid=1', 'https://shop.example.com/', 'http://shop.example.com/', 'sid=1'],
  ['sid=1; HttpOnly; SameSite=Strict', 'https://shop.example.com/', 'https://shop.example.com/', 'sid=1'],
  ['sid=1; Domain=example.com', 'https://shop.example.com/', 'https://login.example.com/', 'sid=1'],
  ['sid=1', 'https://shop.example.com/', 'https://login.example.com/', undefined],
  ['sid=1; Domain=other.com', 'https://shop.example.com/', 'https://other.com/', undefined],
  ['sid=1; Domain=com', 'https://example.com/', 'https://example.com/', undefined],
  ['sid=1; Domain=github.io', 'https://me.github.io/', 'https://you.github.io/', undefined],
  ['sid=1; Path=/cart', 'http://localhost/', 'http://localhost/cart/items', 'sid=1'],
  ['sid=1; Path=/cart', 'http://localhost/', 'http://localhost/cartoons', undefined],
  ['sid=1', 'http://localhost/shop/login', 'http://localhost/other', undefined],
  ['sid=1; Max-Age=0', 'http://localhost/', 'http://localhost/', undefined],
  ['sid=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT', 'http://localhost/', 'http://localhost/', undefined],
  ['sid=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT', 'http://localhost/', 'http://localhost/', 'sid=1'],
  ['__Host-sid=1', 'https://shop.example.com/', 'https://shop.example.com/', undefined],
  ['__Host-sid=1; Secure; Path=/', 'https://shop.example.com/', 'https://shop.example.com/', '__Host-sid=1'],
  // Names of services, of which some are reserved as top-level domains.
  ['sid=1', 'http://web:3000/', 'http://web:3000/', 'sid=1'],
  ['sid=1; Domain=web', 'http://web/', 'http://web/', 'sid=1'],
  ['sid=1; Domain=test', 'http://test:3000/', 'http://test:3000/', 'sid=1'],
  ['sid=1; Secure', 'http://web/', 'http://web/', undefined],
  ['sid=1; Domain=shop.test', 'http://www.shop.test/', 'http://api.shop.test/', 'sid=1'],
  ['sid=', 'http://localhost/', 'http://localhost/', 'sid='],
  ['flag', 'http://localhost/', 'http://localhost/', 'flag'],
  ['', 'http://localhost/', 'http://localhost/', undefined],
])('treats %j of %s as a browser does, at %s', async (text, from, to, expected) => {
  const cookies = await cookiesOf()
  cookies.store(`HTTP/1.1 200 OK\r\nDate: now\r\nset-cookie: ${text}\r\n`, from)
  expect(cookies.headerFor(to)).toBe(expected)
})

test('stores every Set-Cookie of a response, however it was parsed', async () => {
  const cookies = await cookiesOf()
  expect(cookies.isEmpty).toBe(true)
  cookies.store(['Set-Cookie', 'a=1; Path=/', 'Date', 'now', 'SET-COOKIE', 'b=2'], 'http://localhost/')
  expect(cookies.headerFor('http://localhost/')).toBe('a=1; b=2')
  cookies.store('HTTP/1.1 200 OK\r\nSet-Cookie: a=; Max-Age=0; Path=/\r\nSet-Cookie: c=3\r\n', 'http://localhost/')
  expect(cookies.headerFor('http://localhost/')).toBe('b=2; c=3')
  cookies.beginIteration()
  expect(cookies.headerFor('http://localhost/')).toBeUndefined()
})

/** A server that sets a new session cookie at `/login`; its other bodies repeat the cookies. */
async function sessionServer(): Promise<ScriptedServer> {
  let sessions = 0
  return scriptedServer({
    onRequest(socket, head) {
      const path = head.split(' ')[1] ?? ''
      const cookie = /^cookie: (.*)$/im.exec(head)?.[1] ?? ''
      if (path === '/login') {
        sessions++
        const headers = `Set-Cookie: sid=session-${sessions}; Path=/; HttpOnly\r\nSet-Cookie: theme=dark\r\n`
        socket.write(response('in', { headers }))
      } else if (path === '/broken') socket.write(response(`not found: ${cookie.slice(4)}`, { status: '500 Broken' }))
      else if (path === '/echo') socket.write(response(cookie.slice(4)))
      else socket.write(response(cookie))
    },
  })
}

const twice = sharedIterations({ iterations: 2, vus: 1 })

/** Paths and cookies that a run sends. */
async function sentBy(options: object, load = twice): Promise<readonly string[]> {
  await using server = await sessionServer()
  const { http } = engineFor(server.url)
  await http.run({ load, ...options } as HttpRunOptions)
  return server.requests.map((head) => `${head.split(' ')[1]} ${/^cookie: (.*)$/im.exec(head)?.[1] ?? '-'}`)
}

const journey: Pick<HttpRunOptions, 'flow'> = {
  flow: async ({ request }) => {
    await request({ path: '/login' })
    await request({ path: '/cart' })
  },
}

const steps = [
  { name: 'login', request: { path: '/login' } },
  { name: 'cart', request: { path: '/cart' } },
]

test('a flow sends the cookies of its responses, and begins each iteration without any', async () => {
  const expected = ['/login -', '/cart sid=session-1; theme=dark', '/login -', '/cart sid=session-2; theme=dark']
  expect(await sentBy(journey)).toEqual(expected)
  expect(await sentBy({ ...journey, cookies: 'per-iteration' })).toEqual(expected)
})

test("a VU keeps its cookies for the whole run with 'per-vu', and sends none without cookies", async () => {
  const kept = await sentBy({ ...journey, cookies: 'per-vu' })
  expect(kept[2]).toBe('/login sid=session-1; theme=dark')
  expect(await sentBy({ ...journey, cookies: false })).toEqual(['/login -', '/cart -', '/login -', '/cart -'])
})

test('steps have cookies only by option, also if their requests are constant', async () => {
  expect(await sentBy({ steps })).toEqual(['/login -', '/cart -', '/login -', '/cart -'])
  expect((await sentBy({ steps, cookies: true })).slice(1, 3)).toEqual(['/cart sid=session-1; theme=dark', '/login -'])
})

test('with a single request, `true` keeps cookies for the whole run, because an iteration is one request', async () => {
  const sent = await sentBy({ request: { path: '/login' }, cookies: true })
  expect(sent).toEqual(['/login -', '/login sid=session-1; theme=dark'])
})

test('a cookie header of the request or of the run is sent instead', async () => {
  const own = { path: '/cart', headers: { Cookie: 'mine=1' } }
  const sent = await sentBy({ steps: [steps[0], { name: 'cart', request: own }], cookies: true })
  expect(sent[1]).toBe('/cart mine=1')
  const common = await sentBy({ steps, cookies: true, headers: { cookie: 'run=1' } })
  expect(common).toEqual(['/login run=1', '/cart run=1', '/login run=1', '/cart run=1'])
})

test('all connections of a VU share its cookies, and VUs do not', async () => {
  const flow = async ({ request, vu, sleep }: FlowContext<undefined>) => {
    if (vu.id === 0) await request({ path: '/login' })
    else await sleep('20ms')
    await request.all([{ path: `/vu-${vu.id}` }, { path: `/vu-${vu.id}` }])
  }
  const sent = await sentBy({ flow }, sharedIterations({ iterations: 2, vus: 2 }))
  expect(sent.toSorted()).toEqual([
    '/login -',
    '/vu-0 sid=session-1; theme=dark',
    '/vu-0 sid=session-1; theme=dark',
    '/vu-1 -',
    '/vu-1 -',
  ])
})

test('values of cookies that a response repeats are masked in errors of its requests', async () => {
  await using server = await sessionServer()
  const { http } = engineFor(server.url)
  const evidenceFor = async (second: FlowRequestSpec, isAssertion = false) => {
    const run = await http.run({
      load: sharedIterations({ iterations: 1, vus: 1 }),
      flow: async ({ request }) => {
        await request({ path: '/login' })
        const text = (await request(second)).text()
        expect(isAssertion ? text : '').toBe('')
      },
    })
    const { hint, evidenceLines } = run[evidenceOf]()
    return [hint, ...evidenceLines].join('\n')
  }
  const found = [
    await evidenceFor({ path: '/broken' }),
    await evidenceFor({ path: '/echo', check: (it) => `unexpected: ${it.text()}` }),
    await evidenceFor({ path: '/echo', check: { text: 'x' } }),
    await evidenceFor({ path: '/echo' }, true),
  ]
  expect(found.join('\n')).not.toMatch(/session-\d/)
  expect(found[1]).toContain('check: unexpected: ***; theme=dark')
})

test('a scenario error that contains a cookie is masked in reports', async () => {
  const { registeredSecrets } = await import('../options/registered-values.ts')
  await using server = await sessionServer()
  const { http } = engineFor(server.url)
  const flow = async ({ request }: FlowContext<undefined>) => {
    const login = await request({ path: '/login' })
    throw new Error(`no cart for ${login.headers.getSetCookie()[0]}`)
  }
  await expect(http.run({ load: twice, flow })).rejects.toThrow('no cart')
  expect(registeredSecrets()).toContain('session-1')
})

test('rejects anything else', async () => {
  const { http } = engineFor('http://127.0.0.1:1')
  const run = http.run({
    load: constantVus({ vus: 1, duration: '1s' }),
    request: { path: '/' },
    cookies: 'kept' as never,
  })
  await expect(run).rejects.toThrowErrorMatchingInlineSnapshot(`
    [OptionsError: http.run() received an invalid option:

      cookies: must be true, false, 'per-iteration' or 'per-vu'
        Received: '***'
        Fix:      write, for example, cookies: 'per-vu']
  `)
})
