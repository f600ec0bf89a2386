import { definePerfConfig, redis, target } from 'vitest-slo/config'

export default definePerfConfig({
  services: [redis({ maxmemory: '64mb', maxmemoryPolicy: 'volatile-lru' })],
  target: target({ command: ['node', 'server.js'], ready: '/', internalPortVariable: false }),
  metrics: { path: '/metrics', listener: 'public' },
})
