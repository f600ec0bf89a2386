import autocannon from 'autocannon'

const result = await autocannon({
  url: process.env.BASE_URL ?? 'http://127.0.0.1:3000',
  connections: 10,
  duration: 10,
  timeout: 5,
  headers: { accept: 'application/json' },
  requests: [
    { path: '/products' },
    { path: '/products/p-1', onResponse: (status, body) => JSON.parse(body).id === 'p-1' || process.exit(1) },
  ],
})

if (result.errors > 0 || result.non2xx > 0) throw new Error(`${result.errors} errors, ${result.non2xx} × not 2xx`)
if (result.latency.p97_5 > 100) throw new Error(`p97.5 was ${result.latency.p97_5} ms`)
if (result.requests.average < 100) throw new Error(`only ${result.requests.average} requests per second`)
