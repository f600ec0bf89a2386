import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../src/services/ports.ts'
import { InlineProject, perfConfigSource, type InlineRun } from '../../src/testing/inline-project.ts'
import { isInstalled, Prometheus, SCRAPE_MS } from './prometheus-process.ts'

interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly instant?: boolean }[]
}

interface Dashboard {
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[]
  }
}

const NAMES = ['run', 'history'] as const

function dashboard(name: (typeof NAMES)[number]): Dashboard {
  return JSON.parse(readFileSync(join(import.meta.dirname, `dashboards/${name}.json`), 'utf8')) as Dashboard
}

/** Values of Grafana's built-in variables, for a range of some minutes. */
const GRAFANA = { __rate_interval: `${4 * SCRAPE_MS}ms`, __interval: '1s', __range: '10m' }

/** A query without filters, as Grafana sends it. */
function queryOf(expr: string, { templating }: Dashboard): string {
  const values: Record<string, string> = { ...GRAFANA }
  for (const { name } of templating.list) values[name] = '.*'
  return expr.replace(/\$(\w+)/g, (whole, name: string) => values[name] ?? whole)
}

const queries = NAMES.flatMap((name) => {
  const board = dashboard(name)
  return board.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, instant = false }) => ({ board: name, title, instant, query: queryOf(expr, board) })),
  )
})

describe.each(NAMES)('the dashboard %s', (name) => {
  test('has panels with unique ids that do not overlap', () => {
    const { panels } = dashboard(name)
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true)
  })

  test('has no undefined variable', () => {
    expect(queries.filter(({ board, query }) => board === name && query.includes('$'))).toEqual([])
  })
})

/** A target that responds to some requests with 503, so that there are errors, and forwards publications. */
const TARGET = `
  import { createServer } from 'node:http'
  import { WebSocketServer } from 'ws'
  let count = 0
  const server = createServer((request, response) => {
    if (request.url === '/publish') request.on('data', (data) => sockets.clients.forEach((client) => client.send(String(data))))
    else if (++count % 10 === 0) response.writeHead(503)
    response.end('ok')
  })
  const sockets = new WebSocketServer({ server })
  server.listen(Number(process.env.PORT), '127.0.0.1')
`

const SPEC = `
  import { expect } from 'vitest'
  import { constantArrivalRate, perfTest } from 'vitest-slo'
  perfTest('requests', async ({ http }) => {
    const run = await http.run({ load: constantArrivalRate({ rate: 40, vus: 10, duration: '6s' }), request: { path: '/' } })
    expect(run).toHaveP50Below(1_000)
  })
  perfTest('fan-out', async ({ ws, target }) => {
    const run = await ws.fanOut({
      path: '/',
      connections: 10,
      publish: { rate: 5, send: (it) => fetch(target.url + '/publish', { method: 'POST', body: JSON.stringify(it) }) },
      identify: (message) => message.json(),
      duration: '5s',
    })
    expect(run).toHaveMissingRateBelow(0.5)
  })
  perfTest('function', async ({ micro }) => {
    await micro.measure('square root', () => Math.sqrt(2), { duration: '200ms' })
  })
`

const missing = isInstalled() ? undefined : 'prometheus is not on the path: apt-get install prometheus'
if (missing !== undefined) console.warn(`queries are not tested: ${missing}`)

describe.skipIf(missing)('a Prometheus that scraped a small run has values for', () => {
  let prometheus: Prometheus
  let project: InlineProject
  let fromSec: number
  let toSec: number
  let command: Promise<InlineRun>
  let stopCommand = (): void => {}

  beforeAll(async () => {
    const port = await freePort()
    prometheus = await Prometheus.scraping(`127.0.0.1:${port}`)
    project = await InlineProject.create({
      'vitest.config.ts': perfConfigSource(`exporter: { port: ${port}, linger: '10m' }`),
      'target/server.mjs': TARGET,
      'perf/a.perf.ts': SPEC,
    })
    fromSec = Date.now() / 1000
    command = project.run(['run'], { PERF_SCALE: 'full' }, (_output, stop) => {
      stopCommand = stop
    })
    const ended = prometheus.until(async () => {
      const response = await prometheus.now('count(slo_scenario_ended_timestamp_seconds)')
      return 'values' in response && response.values[0] === 3
    })
    await Promise.race([
      ended,
      command.then(({ output }) => {
        throw new Error(`the command exited before its final values were scraped:\n${output}`)
      }),
    ])
    toSec = Date.now() / 1000
  })

  afterAll(async () => {
    stopCommand()
    await command
    await prometheus[Symbol.asyncDispose]()
    await project[Symbol.asyncDispose]()
  })

  test.each(queries)('$board: $title: $query', async ({ query, instant }) => {
    const response = instant ? await prometheus.now(query) : await prometheus.range(query, fromSec, toSec)
    expect(response).toEqual({ values: expect.arrayContaining([expect.any(Number)]) })
  })

  const variables = NAMES.flatMap((name) => {
    const board = dashboard(name)
    return board.templating.list.flatMap(({ name: label, definition }) => {
      return definition === undefined ? [] : [{ label, definition: queryOf(definition, board) }]
    })
  })

  test.each(variables)('the variable $definition', async ({ label, definition }) => {
    const [, match] = /^label_values\((.*), \w+\)$/.exec(definition)!
    expect(await prometheus.labelValues(label, match!)).not.toEqual([])
  })
})
