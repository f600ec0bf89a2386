import fc from 'fast-check'
import { expect, test } from 'vitest'
import { constantArrivalRate, sharedIterations } from '../load/builders.ts'
import { engineFor, response, scriptedServer, type ScriptedServer } from '../testing/scripted-server.ts'
import type { ConnectionScope, FlowRequestSpec, HttpLoadOptions } from './types.ts'

/** A server that responds to `/3/…` after 3 ms, and closes the connection after the response to `/3/close`. */
function delayingServer(redirectTo: () => string): Promise<ScriptedServer> {
  return scriptedServer({
    onRequest(socket, head) {
      const [, delayMs, kind] = head.split(' ')[1]!.split('/')
      const text =
        kind === 'redirect'
          ? response('', { status: '302 Found', headers: `Location: ${redirectTo()}/0/plain\r\n` })
          : response()
      setTimeout(() => (kind === 'close' ? socket.end(text) : socket.write(text)), Number(delayMs))
    },
  })
}

interface Sent {
  readonly host: 'a' | 'b' | undefined
  readonly delayMs: number
  readonly kind: 'plain' | 'close' | 'redirect'
  readonly isParallel: boolean
}

const sent = fc.record<Sent>({
  host: fc.constantFrom(undefined, 'a', 'b'),
  delayMs: fc.constantFrom(0, 3),
  kind: fc.constantFrom('plain', 'plain', 'close', 'redirect'),
  isParallel: fc.constantFrom(false, false, true),
})

const specOf = ({ host, delayMs, kind }: Sent, at: number): FlowRequestSpec => ({
  name: `request ${at}`,
  path: `/${delayMs}/${kind}`,
  ...(host === undefined ? {} : { host }),
})

/** Times of each request of a run of these requests, as a flow or as steps. */
async function timesOf(requests: readonly Sent[], options: Partial<HttpLoadOptions>, isFlow: boolean) {
  const urls: string[] = []
  await using target = await delayingServer(() => urls[1]!)
  await using a = await delayingServer(() => urls[0]!)
  await using b = await delayingServer(() => urls[1]!)
  urls.push(target.url, a.url)
  const { http } = engineFor(target.url)
  const common = {
    load: sharedIterations({ iterations: 3, vus: 1 }),
    redirects: 2,
    ...options,
    hosts: { a: a.url, b: b.url },
  }
  const specs = requests.map(specOf)
  const run = isFlow
    ? await http.run({
        ...common,
        flow: async ({ request }) => {
          for (const [at, spec] of specs.entries()) {
            if (requests[at]!.isParallel) await request.all([spec, spec])
            else await request(spec)
          }
        },
      })
    : await http.run({ ...common, steps: specs.map(({ name, ...request }) => ({ name: name!, request })) })
  expect(run.errors).toEqual(new Map())
  return specs.map(({ name }) => {
    const step = run.step(name!)
    if (step.state === 'empty') throw new Error('nothing measured')
    return { latency: step.latency, serviceTime: step.serviceTime }
  })
}

function expectFromIntendedStart(times: Awaited<ReturnType<typeof timesOf>>): void {
  for (const { latency, serviceTime } of times)
    for (const of of ['minMs', 'p50Ms', 'maxMs'] as const) expect(latency[of]).toBeGreaterThanOrEqual(serviceTime[of])
}

const plain = (host: Sent['host'], delayMs: number): Sent => ({ host, delayMs, kind: 'plain', isParallel: false })

test.each<[string, Sent[]]>([
  ['a further host after the target', [plain(undefined, 0), plain('a', 8)]],
  ['the target after a further host', [plain('a', 0), plain(undefined, 8)]],
  ['another further host', [plain('a', 0), plain('b', 8)]],
  ['the same host', [plain(undefined, 0), plain(undefined, 8)]],
])('a first request to %s is due when the flow sends it', async (_, requests) => {
  for (const connections of ['per-vu', 'per-iteration', 'per-request'] as const)
    expectFromIntendedStart(await timesOf(requests, { connections }, true))
})

test('no latency is shorter than the service time, whatever the hosts and connections', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sent, { minLength: 1, maxLength: 5 }),
      fc.constantFrom<ConnectionScope>('per-vu', 'per-iteration', 'per-request'),
      fc.boolean(),
      fc.boolean(),
      async (requests, connections, isFlow, isOpen) => {
        const load = isOpen
          ? constantArrivalRate({ rate: 100, vus: 3, duration: '40ms' })
          : sharedIterations({ iterations: 3, vus: 1 })
        expectFromIntendedStart(await timesOf(requests, { connections, load }, isFlow))
      },
    ),
    { numRuns: 25 },
  )
})
