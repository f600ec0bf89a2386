import { check } from 'k6'
import { Counter, Trend } from 'k6/metrics'
import { WebSocket } from 'k6/websockets'

const BASE = (__ENV.BASE_URL ?? 'http://127.0.0.1:3000').replace('http', 'ws')
const roundTrip = new Trend('round_trip', true)
const missing = new Counter('missing')

export const options = {
  vus: 20,
  iterations: 20,
  thresholds: { round_trip: ['p(95)<100'], missing: ['count==0'], checks: ['rate==1'] },
}

export default function () {
  const sentAt = new Map()
  const room = `room ${__VU % 4}`
  const socket = new WebSocket(`${BASE}/chat`)
  let next = 0
  socket.onopen = () => socket.send(JSON.stringify({ type: 'join', room }))
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data)
    if (message.type === 'joined') {
      check(message, { 'in the room': (m) => m.room === room })
      const timer = setInterval(() => {
        const id = `${__VU}-${next++}`
        sentAt.set(id, Date.now())
        socket.send(JSON.stringify({ type: 'say', id }))
      }, 200)
      setTimeout(() => clearInterval(timer), 9_000)
      setTimeout(() => {
        missing.add(sentAt.size)
        socket.close()
      }, 10_000)
    } else if (sentAt.has(message.id)) {
      roundTrip.add(Date.now() - sentAt.get(message.id))
      sentAt.delete(message.id)
    }
  }
}
