import { expectTypeOf } from 'vitest'
import { constantVus } from '../load/builders.ts'
import { csv, sql, unique } from '../load/data.ts'
import type { HttpRun } from '../runs/request-run.ts'
import type { TimeStats } from '../stats/summary.ts'
import { bearerAuth } from './auth/auth.ts'
import { mix } from './flow/mix.ts'
import type { Http } from './http.ts'
import type { HttpRequest } from './request-encoder.ts'
import type { HttpResponse } from './response.ts'
import type { Flow, HttpLoadOptions, HttpRunOptions, OneRequest } from './types.ts'

declare const http: Http
declare function users(): AsyncGenerator<{ token: string }>
const load = constantVus({ vus: 1, duration: '1s' })

// A VU's row has the type of the data, for every source.
void http.run({ load, data: [{ id: 1 }], request: ({ vu }) => ({ path: `/${vu.data.id.toFixed()}` }) })
void http.run({ load, data: users(), request: ({ vu }) => ({ path: `/${vu.data.token.trim()}` }) })
void http.run({ load, data: csv('users.csv'), request: ({ vu }) => ({ path: `/${vu.data['id']!.trim()}` }) })
void http.run({ load, data: sql<{ id: number }>('…'), request: ({ vu }) => ({ path: `/${vu.data.id.toFixed()}` }) })
void http.run({ load, data: unique([1, 2]), request: ({ vu }) => ({ path: `/${vu.data.toFixed()}` }) })
void http.run({
  load,
  data: [{ id: 1 }],
  steps: [
    { name: 'a', request: ({ vu, iteration, random }) => ({ path: `/${vu.data.id + iteration + random.next()}` }) },
  ],
})
void http.run({ load, request: ({ vu }) => (expectTypeOf(vu.data).toEqualTypeOf<undefined>(), { path: '/' }) })

void http.run({
  load,
  data: [{ id: 1 }],
  flow: async ({ request, group, sleep, vu, iteration, random }) => {
    const one = await group('a', async () => request({ name: 'b', path: `/${vu.data.id + iteration + random.next()}` }))
    expectTypeOf(one).toEqualTypeOf<HttpResponse>()
    expectTypeOf(await request.all([{ path: '/' }])).toEqualTypeOf<HttpResponse[]>()
    expectTypeOf(one.json<{ id: number }>()).toEqualTypeOf<{ id: number }>()
    await sleep({ min: '1s', max: '2s' })
  },
})
// @ts-expect-error -- a property missing in the rows of a flow
void http.run({ load, data: [{ id: 1 }], flow: async ({ request, vu }) => request({ path: `/${vu.data.name}` }) })
// Journeys of a mix have the type of the rows, stated once, and the names of the weights.
void http.run({
  load,
  data: [{ id: 1 }],
  flow: mix<{ id: number }>(
    { browse: 9, buy: 1 },
    {
      browse: async ({ request, vu }) => request({ path: `/${vu.data.id}` }),
      buy: async ({ request }) => request({ path: '/' }),
    },
  ),
})
const buying: Flow<{ id: number }> = async ({ request, vu }) => request({ path: `/${vu.data.id}` })
void http.run({ load, data: [{ id: 1 }], flow: mix({ buy: 1 }, { buy: buying }) })
// @ts-expect-error -- no flow for a weight
mix({ browse: 9, buy: 1 }, { buy: buying })
// @ts-expect-error -- both a request and a flow
void http.run({ load, request: { path: '/' }, flow: async ({ request }) => request({ path: '/' }) })

// @ts-expect-error -- a property missing in the rows
void http.run({ load, data: [{ id: 1 }], request: ({ vu }) => ({ path: `/${vu.data.name}` }) })
// @ts-expect-error -- a misspelt option
void http.run({ load, request: { path: '/' }, timeOut: '1s' })
// @ts-expect-error -- a request without a path
void http.run({ load, request: { method: 'POST' } })
// @ts-expect-error -- both request and steps
void http.run({ load, request: { path: '/' }, steps: [{ name: 'a', request: { path: '/' } }] })
// @ts-expect-error -- both a request function and steps
void http.run({ load, request: () => ({ path: '/' }), steps: [{ name: 'a', request: { path: '/' } }] })
// @ts-expect-error -- neither request nor steps
void http.run({ load })
// Options may be passed on.
void ((options: HttpRunOptions) => http.run(options))
void ((rest: Omit<HttpLoadOptions, 'load'> & OneRequest<undefined>) => http.run({ load, ...rest }))

// Sessions.
void http.run({ load, request: { host: 'identity', path: '/' }, hosts: { identity: 'https://login.example.com' } })
void http.run({ load, request: { path: '/', redirects: 0 }, redirects: 5, cookies: 'per-vu' })
// @ts-expect-error -- a scope of cookies that does not exist
void http.run({ load, request: { path: '/' }, cookies: 'per-run' })

// The row of a VU has the type of the data in `refresh`, too.
void http.run({
  load,
  data: [{ user: 'ann' }],
  request: { path: '/' },
  auth: bearerAuth<{ user: string }>({ scope: 'vu', refresh: ({ vu }) => ({ token: vu.data.user }) }),
})
void http.run({ load, data: [1], request: { path: '/' }, auth: bearerAuth({ refresh: async () => ({ token: 'a' }) }) })
const authOfTexts = bearerAuth<string>({ scope: 'vu', refresh: ({ vu }) => ({ token: vu.data }) })
// @ts-expect-error -- rows of another type
void http.run({ load, data: [1], request: { path: '/' }, auth: authOfTexts })
// A token's `expiresIn` and the context of `refresh` have types without an annotation.
bearerAuth({ refresh: async ({ signal }) => ({ token: signal.reason as string, expiresIn: '5m' }) })
bearerAuth({ refresh: async ({ signal }) => ({ token: signal.reason as string, expiresIn: '5m' }), scope: 'run' })
// @ts-expect-error -- a shared token has no VU
bearerAuth({ refresh: ({ vu }) => ({ token: String(vu) }) })

// Editors complete methods, and extension methods are accepted.
expectTypeOf<'GET'>().toExtend<HttpRequest['method']>()
void http.run({ load, request: { method: 'PROPFIND', path: '/' } })
void http.run({ load, request: { method: 'POST' as string, path: '/' } })

// Times exist only if something was measured.
declare const run: HttpRun
// @ts-expect-error -- an empty run has none
void run.latency.p95Ms
if (run.state === 'measured') expectTypeOf(run.latency).toEqualTypeOf<TimeStats>()
expectTypeOf(run.step('me').phase('spike').between('1s', '2s')).toEqualTypeOf<HttpRun>()
