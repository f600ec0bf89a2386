import { check, group, sleep } from 'k6'
import { SharedArray } from 'k6/data'
import http from 'k6/http'

const BASE = __ENV.BASE_URL ?? 'http://127.0.0.1:3000'
const users = new SharedArray('users', () => JSON.parse(open('./users.json')))

export const options = {
  scenarios: {
    browse: { executor: 'constant-vus', vus: 10, duration: '10s' },
  },
  thresholds: {
    http_req_failed: ['rate<0.01'],
    'http_req_duration{name:products}': ['p(95)<200'],
    'group_duration{group:::browse}': ['p(95)<1000'],
    checks: ['rate>0.99'],
  },
}

export default function () {
  const { user, password } = users[(__VU - 1) % users.length]
  const headers = { 'content-type': 'application/json' }
  const login = http.post(`${BASE}/login`, JSON.stringify({ user, password }), { headers, tags: { name: 'login' } })
  if (!check(login, { 'logged in': (r) => r.status === 200 })) return
  const authorized = { headers: { authorization: `Bearer ${login.json('access.token')}` } }

  group('browse', () => {
    const products = http.get(`${BASE}/products`, { ...authorized, tags: { name: 'products' } })
    check(products, { 'has products': (r) => r.json().length > 0 })
    sleep(0.1)
    const list = products.json()
    const { id } = list[Math.floor(Math.random() * list.length)]
    http.get(`${BASE}/products/${id}`, { ...authorized, tags: { name: 'product' } })
  })
  sleep(0.2)
}
