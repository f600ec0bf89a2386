import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { InlineProject, perfConfigSource } from '../testing/inline-project.ts'

/** Each value is planted where secrets of its kind occur, and appears nowhere else. */
const SECRETS = {
  BEARER: 'bearer-planted-0123456789',
  COOKIE: 'cookie-planted-0123',
  API_KEY: 'apikey-planted-0123',
  QUERY: 'query-planted-0123',
  DATABASE: 'database-planted-0123',
  BASIC: 'basic-planted-0123',
  LOGGED: 'logged-planted-0123',
  JWT: 'eyJhbGciOiJIUzI1NiJ9.eyJwbGFudGVkIjoxfQ.planted-signature',
  NOTED: 'noted-planted-0123',
  /** Words without the form of a secret: listed in `secrets` of the config, and passed to `secret()`. */
  NAMED: 'correct horse',
  REGISTERED: 'battery staple',
} as const

/** A target that prints requests and its own settings before it crashes. */
const TARGET = `
  import { createServer } from 'node:http'
  const { BEARER, LOGGED, JWT } = process.env
  const server = createServer((request, response) => {
    if (request.url.startsWith('/die')) {
      console.error('connecting to redis://:' + LOGGED + '@cache:6379')
      console.error('GET ' + request.url + ' authorization: ' + request.headers.authorization)
      console.error(JSON.stringify({ password: LOGGED, token: JWT }))
      process.exit(3)
    }
    response.writeHead(request.url.startsWith('/refuse') ? 401 : 200, { 'set-cookie': 'session=' + LOGGED })
    response.end(JSON.stringify({ token: JWT, echo: request.url }))
  })
  server.listen(Number(process.env.PORT), '127.0.0.1')
`

const SPEC = `
  import { expect } from 'vitest'
  import { constantVus, perfTest, secret, sharedIterations } from 'vitest-slo'
  const { BEARER, COOKIE, API_KEY, QUERY, DATABASE, BASIC, JWT, NOTED, NAMED } = process.env
  const REGISTERED = secret(process.env.REGISTERED)
  const load = sharedIterations({ iterations: 30, vus: 2 })
  const headers = { authorization: 'Bearer ' + BEARER, cookie: 'sid=' + COOKIE, 'x-api-key': API_KEY }

  perfTest('requests', async ({ http, target }) => {
    const url = new URL(target.url)
    url.username = 'perf'
    url.password = BASIC
    await http.run({ load, baseUrl: url.href, request: { path: '/a?user=' + QUERY }, traceparent: true })
    const refused = await http.run({
      load,
      headers,
      steps: [
        { name: 'login', request: { path: '/login?email=' + QUERY }, extract: { jwt: '$.token' } },
        { name: 'refused', request: ({ vu }) => ({ path: '/refuse?q=' + QUERY, headers: { authorization: 'Bearer ' + vu.vars.jwt } }) },
        { name: 'wrong', request: { path: '/b?q=' + QUERY }, check: { json: { echo: JWT } } },
      ],
      abortWhen: false,
    })
    expect(refused, 'GET /a?user=' + QUERY + ' as Bearer ' + BEARER).toHaveErrorRateBelow(0.001)
  })

  perfTest('as ' + NAMED, async ({ http, annotate, task }) => {
    console.log('as', { NAMED, REGISTERED })
    annotate(NAMED + REGISTERED)
    task.meta.note = [NAMED, encodeURIComponent(REGISTERED)]
    const step = { name: 'buy ' + NAMED + REGISTERED, request: { path: '/' + encodeURIComponent(NAMED), tag: REGISTERED } }
    const run = await http.run({ load, name: 'of ' + NAMED + ' ' + REGISTERED, steps: [step] })
    expect(run, NAMED + REGISTERED).toHaveErrorRateBelow(0)
    throw new Error(JSON.stringify({ values: NAMED + ', ' + REGISTERED }))
  })

  perfTest('what scenarios print', ({ annotate, task }) => {
    console.log('postgres://perf:' + DATABASE + '@db/x', { headers, password: NOTED })
    console.error('jwt ' + JWT)
    annotate('see https://perf:' + BASIC + '@ci.example/?token=' + NOTED)
    task.meta.note = { url: 'postgres://perf:' + DATABASE + '@db/x', apiKey: API_KEY }
  })

  perfTest('what scenarios throw', async ({ http }) => {
    const cause = new Error('password authentication failed for postgres://perf:' + DATABASE + '@db/x')
    throw new AggregateError([cause, new Error('x-api-key: ' + API_KEY)], 'authorization: Bearer ' + BEARER, { cause })
  })

  perfTest('compared values', () => {
    expect({ authorization: 'Bearer ' + BEARER, url: '/a?q=' + QUERY }).toEqual({ authorization: 'Bearer ' + JWT, url: '/b' })
  })

  perfTest('a target that dies', async ({ http }) => {
    const load = constantVus({ vus: 1, duration: '500ms' })
    await http.run({ load, request: { path: '/die?q=' + QUERY, headers }, abortWhen: false })
  })
`

/** A Pushgateway that keeps what is pushed. */
async function gateway() {
  const pushed: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      pushed.push(body)
      return response.end()
    })
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, pushed }
}

test('masks secrets of requests, responses, errors, logs and connections in every artifact and in the terminal', async () => {
  const { port, pushed } = await gateway()
  const service = `{ name: 'store', allowRemote: ['db'], start: async () => ({
    name: 'store', provider: 'external', summary: 'Store at postgres://perf:' + process.env.DATABASE + '@db/x',
    connection: { url: 'postgres://perf:' + process.env.DATABASE + '@db/x' }, env: {},
    async [Symbol.asyncDispose]() {},
  }) }`
  const reporters = `['default', 'verbose', 'github-actions', ['junit', { outputFile: 'out/junit.xml' }],
    ['json', { outputFile: 'out/out.json' }], ['blob', { outputFile: 'out/blob.json' }], ['tap', { outputFile: 'out/tap.txt' }]]`
  const made = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(`
      outputDir: 'out',
      services: [${service}],
      secrets: ['NAMED', 'NOT_SET'],
      exporter: { pushgateway: 'http://perf:' + process.env.BASIC + '@127.0.0.1:${port}' },
      test: { reporters: ${reporters} },
    `),
    'target/server.mjs': TARGET,
    'perf/a.perf.ts': SPEC,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  await made.write('out/.keep', '')
  const { output } = await made.run(['run'], { ...SECRETS, GITHUB_STEP_SUMMARY: made.path('out/step.md') })

  const files = (await readdir(made.path('out'))).filter((name) => name !== '.keep')
  const texts = await Promise.all(
    files.map(async (name) => [name, await readFile(made.path(join('out', name)), 'utf8')] as const),
  )
  const leaks = [...texts, ['exporter', pushed.join('')] as const, ['terminal', output] as const].flatMap(
    ([where, content]) =>
      Object.entries(SECRETS).flatMap(([kind, secret]) => {
        const at = content.indexOf(secret)
        return at < 0 ? [] : [`${kind} in ${where}: …${content.slice(Math.max(0, at - 80), at + secret.length)}…`]
      }),
  )
  expect(leaks).toEqual([])
  expect(pushed.join('')).toContain('slo_scenario_verdict{scenario="requests"')
  expect(files).toEqual(expect.arrayContaining(['blob.json', 'comment.md', 'index.html', 'junit.xml', 'out.json']))
  // The text around a mask is kept, so that a reader sees where a secret was.
  expect(output).toMatch(/target exited unexpectedly[^]*GET \/die\?q=\*\*\* authorization: \*\*\*/)
})
