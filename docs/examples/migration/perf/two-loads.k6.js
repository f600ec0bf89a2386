import http from 'k6/http'

const BASE = __ENV.BASE_URL ?? 'http://127.0.0.1:3000'

export const options = {
  scenarios: {
    list: {
      executor: 'ramping-arrival-rate',
      exec: 'list',
      startRate: 10,
      timeUnit: '1s',
      preAllocatedVUs: 50,
      stages: [
        { target: 100, duration: '5s' },
        { target: 100, duration: '10s' },
      ],
    },
    orders: {
      executor: 'constant-arrival-rate',
      exec: 'order',
      rate: 300,
      timeUnit: '1m',
      duration: '15s',
      preAllocatedVUs: 20,
    },
  },
  thresholds: {
    'http_req_duration{scenario:list}': ['p(95)<200'],
    'http_req_duration{kind:expensive}': ['p(95)<400'],
    'http_req_failed{scenario:orders}': ['rate<0.01'],
    dropped_iterations: ['count==0'],
  },
}

export function setup() {
  const body = JSON.stringify({ user: 'ann', password: 'ann-local' })
  const login = http.post(`${BASE}/login`, body, { headers: { 'content-type': 'application/json' } })
  return { token: login.json('access.token') }
}

export function list() {
  http.get(`${BASE}/products`)
}

export function order({ token }) {
  const product = Math.floor(Math.random() * 20)
  http.post(`${BASE}/orders`, JSON.stringify({ product: `p-${product}` }), {
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    tags: { kind: product >= 10 ? 'expensive' : 'cheap' },
  })
}
