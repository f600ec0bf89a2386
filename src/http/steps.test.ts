import { expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { constantArrivalRate, sharedIterations } from '../load/builders.ts'
import { response, engineFor, scriptedServer } from '../testing/scripted-server.ts'
import type { Check, HttpLoadOptions, OneRequest, SeveralSteps, StepOption } from './index.ts'

const load = sharedIterations({ iterations: 6, vus: 2 })

function pathServer(responses: Readonly<Record<string, string>>) {
  return scriptedServer({
    onRequest: (socket, head) =>
      socket.write(responses[head.split(' ')[1]!] ?? response('', { status: '404 Not Found' })),
  })
}

test('steps run in order, and use values from earlier responses', async () => {
  await using server = await pathServer({
    '/login': response('{"access":{"token":"t1"},"n":2}', { headers: 'X-Next: /me/t1\r\n' }),
    '/me/t1': response('{"ok":true}'),
  })
  const { http } = engineFor(server.url)
  const run = await http.run({
    load,
    steps: [
      {
        name: 'login',
        request: { method: 'POST', path: '/login', body: { user: 1 } },
        extract: { token: '$.access.token', next: ({ headers }) => headers['x-next'] },
      },
      { name: 'me', request: ({ vu }) => ({ path: `/me/${String(vu.vars['token'])}` }), check: { json: { ok: true } } },
      { name: 'next', request: ({ vu }) => ({ path: String(vu.vars['next']) }) },
    ],
  })
  expect(run).toMatchObject({ offered: 18, completed: 18, errorRate: 0 })
  expect(run.step('me')).toMatchObject({ offered: 6, completed: 6 })
  expect(
    run[evidenceOf]()
      .slowest.map(({ label }) => label)
      .toSorted(),
  ).toEqual(['login', 'me', 'next'])
  expect(run.result().steps.map(({ name, completed }) => [name, completed])).toEqual([
    ['login', 6],
    ['me', 6],
    ['next', 6],
  ])
  expect(() => run.step('logout')).toThrow('http 1 has no step "logout"; it has login, me, next')
})

test('a missing extracted value is an error of its step, and ends the iteration', async () => {
  await using server = await pathServer({ '/login': response('{"access":{}}'), '/me': response() })
  const { http } = engineFor(server.url)
  const run = await http.run({
    load,
    steps: [
      { name: 'login', request: { path: '/login' }, extract: { token: '$.access.token' } },
      { name: 'me', request: { path: '/me' } },
    ],
  })
  expect([...run.step('login').errors]).toEqual([['body', 6]])
  expect(run.step('me')).toMatchObject({ state: 'empty', offered: 0 })
  const { evidenceLines, hint } = run[evidenceOf]()
  expect(evidenceLines.join('\n')).toMatch(/errors 100% \(6 × extract token: nothing found by \$\.access\.token\)/)
  expect(hint).toBe(
    'correct the target, or the check of its responses: 6 responses were not as expected: extract token: nothing found by $.access.token in step login: the response had status 200 and the keys access',
  )
})

test('steps with a weight are alternatives, drawn from the seed', async () => {
  await using server = await pathServer({ '/a': response(), '/b': response(), '/c': response() })
  const { http } = engineFor(server.url)
  const step = (name: string, weight?: number): StepOption<undefined> => ({
    name,
    request: { path: `/${name}` },
    ...(weight === undefined ? {} : { weight }),
  })
  const run = await http.run({
    load: sharedIterations({ iterations: 400, vus: 4 }),
    steps: [step('a', 3), step('b', 1), step('c')],
  })
  expect(run.step('c').offered).toBe(400)
  expect(run.step('a').offered + run.step('b').offered).toBe(400)
  expect(run.step('a').offered).toBeGreaterThan(250)
  expect(run.step('b').offered).toBeGreaterThan(50)
})

test('think time between steps is not part of any latency', async () => {
  await using server = await pathServer({ '/a': response(), '/b': response() })
  const { http } = engineFor(server.url)
  const startMs = performance.now()
  const run = await http.run({
    load: sharedIterations({ iterations: 2, vus: 2 }),
    steps: [
      { name: 'a', request: { path: '/a' }, thinkTime: '700ms' },
      { name: 'b', request: { path: '/b' } },
    ],
  })
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(700)
  if (run.state === 'empty') throw new Error('nothing was measured')
  expect(run.latency.maxMs).toBeLessThan(700)
  expect(run.completed).toBe(4)
})

test('iterations that began before the end of the load continue to their last step', async () => {
  await using server = await pathServer({ '/a': response(), '/b': response() })
  const { http } = engineFor(server.url)
  const run = await http.run({
    load: constantArrivalRate({ rate: 10, vus: 10, duration: '300ms' }),
    steps: [
      { name: 'a', request: { path: '/a' }, thinkTime: '400ms' },
      { name: 'b', request: { path: '/b' } },
    ],
  })
  expect(run.step('b').completed).toBe(3)
})

test('iterations after the end of the load send no more requests once the time-out has passed', async () => {
  await using server = await scriptedServer({
    onRequest: (socket) => void setTimeout(() => socket.write(response()), 20),
  })
  const { http } = engineFor(server.url)
  const steps = Array.from({ length: 200 }, (_, at) => ({ name: `step ${at}`, request: { path: '/' } }))
  const run = await http.run({
    load: sharedIterations({ iterations: 1, vus: 1, maxDuration: '50ms' }),
    steps,
    timeout: '300ms',
  })
  expect(run.sent).toBeLessThan(100)
  expect(run.completed).toBe(run.sent)
  expect(run.errors.size).toBe(0)
})

const body = response('{"status":"ok","list":[1,{"a":2}]}')
test.each<[string, Check, string | undefined]>([
  ['all given properties are equal', { json: { list: [1, { a: 2 }] } }, undefined],
  ['a property differs', { json: { status: 'down' } }, 'check: the response differs at $.status'],
  ['a property is missing', { json: { other: 1 } }, 'check: the response differs at $.other'],
  ['an array has another length', { json: { list: [1] } }, 'check: the response differs at $.list'],
  ['a nested property differs', { json: { list: [1, { a: 3 }] } }, 'check: the response differs at $.list.1.a'],
  ['the body contains the text', { text: '"ok"' }, undefined],
  ['the body does not contain the text', { text: 'nope' }, 'check: the text is not in the response'],
  ['the body matches the expression', { text: /"st.tus"/ }, undefined],
  ['the whole body matches the expression', { text: /^\{"status".*\]\}$/ }, undefined],
  ['the body does not begin as the expression requires', { text: /^ok/ }, 'check: the text is not in the response'],
  ['the body matches the expression with the flag g', { text: /ok/g }, undefined],
  ['the function returns true', () => true, undefined],
  ['the function returns false', () => false, 'check: the function returned false'],
  ['the function returns a reason', ({ status }) => `got ${status}`, 'check: got 200'],
  ['the function returns nothing', () => {}, undefined],
  ['the function returns the result of a matcher', () => expect(1).toBe(1), undefined],
  [
    'the function throws a failed assertion',
    () => expect(1).toBe(2),
    'check: expected 1 to be 2 // Object.is equality',
  ],
])('check: %s', async (_, check, problem) => {
  await using server = await pathServer({ '/': body })
  const { http } = engineFor(server.url)
  const run = await http.run({ load: sharedIterations({ iterations: 1, vus: 1 }), request: { path: '/', check } })
  expect([...run.errors]).toEqual(problem === undefined ? [] : [['body', 1]])
  const expected = problem === undefined ? 'errors 0%' : `errors 100% (1 × ${problem})`
  expect(run[evidenceOf]().evidenceLines.join('\n')).toContain(expected)
})

test('the hint shows the expected and the received value of the first response, without secrets', async () => {
  const hintOf = async (json: object, check: Check) => {
    await using server = await pathServer({ '/': response(JSON.stringify(json)) })
    const { http } = engineFor(server.url)
    const run = await http.run({ load: sharedIterations({ iterations: 3, vus: 1 }), request: { path: '/', check } })
    return run[evidenceOf]().hint
  }
  const prefix = 'correct the target, or the check of its responses: 3 responses were not as expected: check: '
  expect(await hintOf({ id: 1 }, { json: { id: 2 } })).toBe(`${prefix}$.id: expected 2, received 1`)
  expect(await hintOf({ id: 1 }, { json: { name: 'a' } })).toBe(`${prefix}$.name: expected 'a', received nothing`)
  expect(await hintOf({ password: 'hunter22hunter22' }, { json: { password: 'x' } })).not.toContain('hunter22')
  expect(await hintOf({ token: { value: 'hunter22' } }, { json: { token: { value: 'x' } } })).toBe(
    `${prefix}$.token.value: expected '***', received '***'`,
  )
  expect(await hintOf({ list: [{ password: ['hunter22'] }] }, { json: { list: [{ password: ['x'] }] } })).toBe(
    `${prefix}$.list.0.password.0: expected '***', received '***'`,
  )
  expect(await hintOf({ token: { active: true } }, { json: { token: { active: false } } })).toContain('received true')
  const long = await hintOf({ note: 'many words '.repeat(50) }, { json: { note: 'few' } })
  expect(long!.length).toBeLessThan(prefix.length + 150)
})

test('a response that is not JSON fails a check of JSON', async () => {
  await using server = await pathServer({ '/': response('<html>') })
  const { http } = engineFor(server.url)
  const one = sharedIterations({ iterations: 1, vus: 1 })
  const run = await http.run({ load: one, request: { path: '/', check: { json: { id: 1 } } } })
  expect([...run.errors]).toEqual([['body', 1]])
  expect(run[evidenceOf]().hint).toBe(
    'correct the target, or the check of its responses: 1 response was not as expected: the response body is not JSON',
  )
})

test('an expected status is not an error but keeps its status, whether the run, step or request expects it', async () => {
  await using server = await pathServer({ '/limited': response('', { status: '429 Too Many Requests' }) })
  const { http } = engineFor(server.url)
  const request = { path: '/limited' }
  const errors = async (
    options: Pick<HttpLoadOptions, 'expectStatus'> & (OneRequest<undefined> | SeveralSteps<undefined>),
  ) => {
    const run = await http.run({ load, ...options })
    expect([...run.statuses]).toEqual([[429, 6]])
    return Object.fromEntries(run.errors)
  }
  expect(await errors({ request })).toEqual({ status: 6 })
  expect(await errors({ request, expectStatus: [200, 429] })).toEqual({})
  expect(await errors({ request, expectStatus: 200 })).toEqual({ status: 6 })
  expect(await errors({ request: { ...request, expectStatus: (status) => status === 429 } })).toEqual({})
  expect(await errors({ request: () => ({ ...request, expectStatus: 429 }), expectStatus: 200 })).toEqual({})
  expect(await errors({ steps: [{ name: 'vote', request, expectStatus: 429 }], expectStatus: 200 })).toEqual({})
})

test('tags count kinds of requests separately, at most 100', async () => {
  await using server = await pathServer({ '/a': response(), '/b': response() })
  const { http } = engineFor(server.url)
  const run = await http.run({
    load,
    request: ({ iteration }) => (iteration === 0 ? { path: '/a', tag: 'first' } : { path: '/b', tag: 'later' }),
  })
  expect([run.offered, run.tag('first').offered, run.tag('later').offered]).toEqual([6, 2, 4])
  expect(() => run.tag('last')).toThrow('http 1 has no tag "last"; it has first, later')
  await expect(
    http.run({
      load: sharedIterations({ iterations: 200, vus: 1 }),
      request: ({ iteration }) => ({ path: '/a', tag: `request ${iteration}` }),
    }),
  ).rejects.toThrow(/more than 100 different tags/)
})

test('all requests of an iteration that began in the warm-up are counted there', async () => {
  await using server = await scriptedServer({
    onRequest: (socket) => void setTimeout(() => socket.write(response()), 15),
  })
  const { http } = engineFor(server.url)
  const run = await http.run({
    load: sharedIterations({ iterations: 30, vus: 6 }),
    warmup: '100ms',
    steps: [
      { name: 'first', request: { path: '/1' } },
      { name: 'second', request: { path: '/2' }, thinkTime: '5ms' },
      { name: 'third', request: { path: '/3' } },
    ],
  })
  expect(['first', 'second', 'third'].map((name) => run.step(name).offered)).toEqual([30, 30, 30])
  expect(run.phase('warmup').step('third').offered).toBe(run.phase('warmup').step('first').offered)
  expect(server.requests).toHaveLength(90 + run.phase('warmup').offered)
})
