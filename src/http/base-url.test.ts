import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { sharedIterations } from '../load/builders.ts'
import { OptionsError } from '../options/problems.ts'
import { response, engineFor, scriptedServer } from '../testing/scripted-server.ts'

const load = sharedIterations({ iterations: 4, vus: 2 })
const request = { path: '/x' }
const authorization = `Basic ${btoa('ann:s3cret')}`

test('a run with a base URL needs no target', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const run = await engineFor('', { baseUrl: undefined }).http.run({ baseUrl: server.url, load, request })
  expect([...run.statuses]).toEqual([[200, 4]])
})

test('a run without a target and a base URL names the fix, together with all other mistakes', async () => {
  const { http } = engineFor('', { baseUrl: undefined })
  const error = (await http.run({ load, request, timeout: -1 }).catch((it: unknown) => it)) as OptionsError
  expect(error).toBeInstanceOf(OptionsError)
  expect(error.problems.map(({ path }) => path)).toEqual(['timeout', 'baseUrl'])
  expect(error.message).toContain(
    'this run has no target: add target({ command }) or target({ url }) to definePerfConfig(), set PERF_TARGET_URL, or give the run a baseUrl',
  )
})

test("the target's credentials and TLS options apply only to its own origin", async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  await using other = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const { http, results } = engineFor(server.url.replace('//', '//ann:s3cret@'))
  await http.run({ load, request })
  await http.run({ load, request, baseUrl: `${server.url}/api` })
  await http.run({ load, request, baseUrl: other.url })
  expect(server.requests.every((head) => head.includes(`authorization: ${authorization}`))).toBe(true)
  expect([server.requests.length, server.requests.at(-1)?.split(' ')[1]]).toEqual([8, '/api/x'])
  expect(other.requests.every((head) => !/authorization/i.test(head))).toBe(true)
  expect(JSON.stringify(results)).not.toMatch(/s3cret|YW5u/)
})

test('a base URL may be a Unix socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'base-url-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'app.sock')
  const seen: unknown[] = []
  const server = createServer(({ url, headers: { host } }, response) => {
    seen.push([url, host])
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => void server.close())
  const run = await engineFor(`unix:${path}`).http.run({ load, request })
  expect([...run.statuses]).toEqual([[200, 4]])
  await engineFor('', { baseUrl: undefined }).http.run({ load, request, baseUrl: `unix:${path}:/api` })
  expect([seen[0], seen.at(-1)]).toEqual([
    ['/x', 'localhost'],
    ['/api/x', 'localhost'],
  ])
})
