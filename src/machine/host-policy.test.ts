import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { Observation } from '../config/observation.ts'
import { targetHandle } from '../fixtures/target-handle.ts'
import { openRedisLog } from '../generators/redis-log.ts'
import { createHttp } from '../http/http.ts'
import { sharedIterations } from '../load/builders.ts'
import { MetricsExporter } from '../metrics/exporter.ts'
import { scrape } from '../metrics/scrape.ts'
import { parsePostgresUrl, postgresHosts } from '../services/postgres/postgres-client.ts'
import { assertAllowedHost } from '../services/remote.ts'
import { createWebSocket } from '../websocket/websocket.ts'
import { setHostPolicy } from './allowed-hosts.ts'

afterEach(() => setHostPolicy({ allowRemote: [] }))

const scale = { name: 'full', users: 1, time: 1 }
const { signal } = new AbortController()
const context = { baseUrl: 'http://127.0.0.1:9', signal, scale, seed: 1, onRun() {} }
const load = sharedIterations({ iterations: 1, vus: 1 })
const request = { path: '/' }
const fanOut = { path: '/', connections: 1, duration: 1, publish: { rate: 1, send() {} }, identify: () => undefined }

function checkPostgresUrl(text: string): void {
  for (const host of postgresHosts(parsePostgresUrl('postgres', 'url', text))) assertAllowedHost('postgres', host)
}

/** All code that opens a socket to a host from an option, a variable or a URL. Hosts under `.invalid` never resolve. */
const CONNECTORS: Readonly<Record<string, (host: string) => unknown>> = {
  'http.run({ baseUrl })': (host) => createHttp(context).run({ load, request, baseUrl: `http://${host}:80` }),
  'http.run({ connectTo })': (host) => createHttp(context).run({ load, request, connectTo: { host, port: 80 } }),
  'http.run({ hosts })': (host) => createHttp(context).run({ load, request, hosts: { identity: `https://${host}` } }),
  'http of another instance of a target': (host) =>
    createHttp({ ...context, otherInstances: [`http://${host}:9`] }).run({ load, request }),
  'http of a target': (host) => createHttp({ ...context, baseUrl: `https://${host}` }).run({ load, request }),
  'ws.fanOut()': (host) => createWebSocket({ ...context, baseUrl: `http://${host}` }).fanOut(fanOut),
  'ws.run({ baseUrl })': (host) =>
    createWebSocket(context).run({ path: '/', load, steps: { send: 'a' }, baseUrl: `ws://${host}` }),
  'ws.run()': (host) => createWebSocket({ ...context, baseUrl: `wss://${host}` }).run({ path: '/', load, steps: [] }),
  PERF_METRICS_URL: (host) => new Observation({}, { PERF_METRICS_URL: `http://${host}/metrics` }),
  'metrics.url': (host) => new Observation({ metrics: { url: `http://u:p@${host}/metrics` } }, {}),
  PERF_PGBOUNCER_URL: (host) => new Observation({}, { PERF_PGBOUNCER_URL: `postgres://u:p@${host}/pgbouncer` }),
  'pgBouncer by ?host=': (host) =>
    new Observation({ capacity: { pgBouncerUrl: `postgres://u@127.0.0.1/pgbouncer?host=${host}` } }, {}),
  PERF_RENDEZVOUS_URL: (host) => openRedisLog(`redis://:secret@${host}:6379`, 'r', 'command'),
  Pushgateway: (host) => new MetricsExporter({ pushgateway: `http://${host}:9091` }),
  'postgres host': (host) => checkPostgresUrl(`postgres://u:p@${host}:5432/db`),
  'postgres ?host=': (host) => checkPostgresUrl(`postgres://u:p@127.0.0.1/db?host=${host}&port=6`),
  'postgres ?host= in a list': (host) => checkPostgresUrl(`postgres://u:p@127.0.0.1/db?host=127.0.0.1,${host}`),
  'postgres ?hostaddr=': (host) => checkPostgresUrl(`postgres://u:p@localhost/db?hostaddr=${host}`),
  target: (host) => assertAllowedHost('target', host, [], { isLoad: true }),
}

test.each(Object.entries(CONNECTORS))('%s rejects a host that is not allowed', async (_, open) => {
  const connect = async (host: string) => open(host)
  await expect(connect('prod.example.invalid')).rejects.toThrow(
    /prod\.example\.invalid is not this machine.*allowRemote[^]*definePerfConfig\({ allowRemote: \['prod\.example\.invalid'\] }\)/s,
  )
  await expect(connect('0.0.0.0')).rejects.toThrow(/use 127\.0\.0\.1/i)
})

test('accepts a host that the config allows', async () => {
  setHostPolicy({ allowRemote: ['prod.example.invalid'] })
  const open = async (name: string) => CONNECTORS[name]!('prod.example.invalid')
  await expect(open('http.run({ baseUrl })')).rejects.toThrow('ENOTFOUND')
  for (const name of ['metrics.url', 'Pushgateway', 'postgres ?host=', 'target'])
    await expect(open(name)).resolves.not.toThrow()
})

test('accepts only load on a host that target() allows', async () => {
  setHostPolicy({ allowRemote: [], allowLoadOn: ['prod.example.invalid'] })
  const open = async (name: string) => CONNECTORS[name]!('prod.example.invalid')
  await expect(open('http.run({ baseUrl })')).rejects.toThrow('ENOTFOUND')
  await expect(open('target')).resolves.not.toThrow()
  for (const name of [
    'metrics.url',
    'PERF_METRICS_URL',
    'PERF_RENDEZVOUS_URL',
    'PERF_PGBOUNCER_URL',
    'Pushgateway',
    'postgres host',
    'postgres ?host=',
  ])
    await expect(open(name)).rejects.toThrow('prod.example.invalid is not this machine')
})

test('a WebSocket path cannot name another host', async () => {
  const ws = createWebSocket(context)
  for (const path of ['//prod.example.invalid/', '/\\prod.example.invalid/', '/\t/prod.example.invalid/'])
    await expect(ws.fanOut({ ...fanOut, path })).rejects.toThrow('begins with one /')
})

test('a path of the internal listener cannot name another host', async () => {
  const base = 'http://u:p@127.0.0.1:9'
  const { internal } = targetHandle({ urls: [base], internalUrls: [base], pids: [], isExternal: false })
  const host = 'prod.example.invalid'
  for (const path of [
    `//${host}/`,
    `/\\${host}/`,
    `/\t/${host}/`,
    `http://${host}/`,
    `\\\\${host}/`,
    ` //${host}/`,
    'jobs',
  ]) {
    await expect(internal.get(path)).rejects.toThrow('must begin with one /')
    await expect(internal.post(path, {})).rejects.toThrow('must begin with one /')
  }
})

test('does not follow redirects to another origin', async () => {
  const server = createServer((_, response) =>
    response.writeHead(302, { location: 'http://prod.example.invalid/?token=abc' }).end(),
  ).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await expect(scrape(`${url}/metrics`, 5_000, { signal })).rejects.toThrow('responded with 302')
  const { internal } = targetHandle({ urls: [url], internalUrls: [url], pids: [], isExternal: false })
  await expect(internal.get('/seed')).rejects.toThrow('GET /seed responded with 302')
})

/** Files that open sockets, with the check of their hosts. Add a new file here, and its code to the connectors above. */
const OPENERS = [
  'src/capacity/container-cpu.ts', // the container engine of this machine
  'src/capacity/pg-client.ts', // URLs checked by Observation or postgres()
  'src/capacity/redis-sample.ts', // the URL checked by redis()
  'src/generators/local-log.ts', // a private Unix socket
  'src/generators/redis-connection.ts', // checkUrl()
  'src/http/endpoint.ts', // checkConnection()
  'src/ledger/session.ts', // the URL checked by postgres()
  'src/machine/ask.ts', // target(), Observation, the main process
  'src/machine/protocol-probe.ts', // checkConnection(), target()
  'src/report/live/channel.ts', // a private Unix socket
  'src/services/postgres/postgres-client.ts', // postgres()
  'src/services/redis/redis-client.ts', // redis()
  'src/websocket/sockets/local-pool.ts', // readSocketOptions()
  'src/websocket/sockets/source-addresses.ts', // readSocketOptions()
]

test('only known files open sockets', () => {
  const opens =
    /from 'ws'|\bfetch\(|\b(?:net|tls)\.connect\(|\bconnect\((?:address|\{)|\bcreateClient\(\{|new pg\.Client\(|new WebSocket\(|= (?:request|get)\((?:url|\{ \.\.\.)|[.)]\.?request\(/
  const files = globSync('src/**/*.ts', { cwd: `${import.meta.dirname}/../..` }).filter(
    (file) => !/\.test(?:-d)?\.ts$|src\/testing\//.test(file),
  )
  const openers = files.filter((file) =>
    opens.test(readFileSync(`${import.meta.dirname}/../../${file}`, 'utf8').replaceAll(/\/\*\*[^]*?\*\//g, '')),
  )
  expect(openers.toSorted()).toEqual(OPENERS)
})
